"""`Database` opens, migrates, keeps readers from writing and rolls back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError

from zos.config import Config
from zos.core.errors import DatabaseError
from zos.db.engine import Database, ping
from zos.db.tables import server


async def test_a_fresh_store_has_the_schema_and_answers(database: Database) -> None:
    await ping(database)
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(server)) == 0


async def test_an_error_within_a_write_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError, match="stop"):
        async with database.write() as connection:
            await connection.execute(insert(server).values(id=1, name="a"))
            raise RuntimeError("stop")
    async with database.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(server)) == 0


async def test_a_reader_cannot_write_on_sqlite(make_config: Callable[..., Config]) -> None:
    database = Database(make_config())
    await database.connect()
    with pytest.raises(DBAPIError, match="readonly"):
        async with database.read() as connection:
            await connection.execute(insert(server).values(id=1, name="a"))
    await database.close()


async def test_an_unreachable_server_is_one_clear_sentence() -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    database = Database(Config.model_validate({"database": {"url": url}}))
    with pytest.raises(DatabaseError, match=r"cannot be opened.*Check that the server runs"):
        await database.connect()
