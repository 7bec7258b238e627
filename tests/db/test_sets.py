"""Conditions on sets of ids of any size."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.dialects import sqlite
from tests.conftest import EPOCH

from zos.config import Config
from zos.db.engine import Database
from zos.db.sets import is_one_of
from zos.db.tables import message, message_deletion

SNOWFLAKE = 1_100_000_000_000_000_001


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ([], []),
        ({1, 3}, [1]),
        ((SNOWFLAKE, 2), [2, SNOWFLAKE]),
        (frozenset({SNOWFLAKE - 1}), []),
        (range(2, 60_002), [2]),
    ],
)
async def test_exactly_the_members_of_the_set_are_found(
    database: Database, ids: Collection[int], found: list[int]
) -> None:
    key = message_deletion.c.message_id
    async with database.write() as connection:
        rows = [{"message_id": one, "deleted_at": EPOCH} for one in (1, 2, SNOWFLAKE)]
        await connection.execute(insert(message_deletion), rows)
    query = select(key).order_by(key)
    async with database.read() as connection:
        among = query.where(is_one_of(database, key, ids))
        assert (await connection.execute(among)).scalars().all() == found
        others = query.where(~is_one_of(database, key, ids))
        assert len((await connection.execute(others)).all()) == 3 - len(found)


async def test_sqlite_finds_the_set_by_the_index(make_config: Callable[..., Config]) -> None:
    database = Database(make_config())
    await database.connect()
    key = message.c.id
    query = select(message.c.content).where(is_one_of(database, key, [1]), key > 0)
    async with database.read() as connection:
        asked = (
            str(query.compile(dialect=sqlite.dialect()))
            .replace("?", ":one", 1)
            .replace("?", ":two")
        )
        plan = await connection.execute(
            text(f"EXPLAIN QUERY PLAN {asked}"), {"one": "[1]", "two": 0}
        )
        steps = [row.detail for row in plan]
    await database.close()
    assert any(step.startswith("SEARCH message USING") for step in steps), steps
