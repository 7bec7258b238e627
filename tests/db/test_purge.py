"""Writing anew what deleted rows were in."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from zos.config import Config
from zos.core.errors import DatabaseError
from zos.db import purge as purging
from zos.db.engine import Database
from zos.db.purge import purge


async def test_it_leaves_nothing_in_the_way(database: Database) -> None:
    assert await purge(database, ("message", "channel")) == ""


async def test_a_reader_keeps_sqlites_log_from_being_cut(
    make_config: Callable[..., Config],
) -> None:
    database = Database(make_config(database={"busy_timeout_seconds": 0.2}))
    await database.connect()
    assert database.path is not None
    async with database.write() as connection:
        await connection.exec_driver_sql("INSERT INTO server (id, name) VALUES (1, 'a')")
    with closing(reading(database.path)):
        assert await purge(database, ()) == (
            "Somebody reads the database, so its log cannot be cut yet."
        )
    assert await purge(database, ()) == ""
    assert Path(f"{database.path}-wal").stat().st_size == 0
    await database.close()


def reading(path: Path) -> sqlite3.Connection:
    """A reader in the midst of a transaction."""
    connection = sqlite3.connect(path)
    connection.execute("BEGIN")
    connection.execute("SELECT count(*) FROM server").fetchall()
    return connection


async def test_what_the_database_refuses_is_said_in_a_sentence(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_arguments: object) -> None:
        raise DatabaseError("The disk is full.")

    monkeypatch.setattr(purging, "_rewrite_file", broken)
    monkeypatch.setattr(purging, "_rewrite_tables", broken)
    assert await purge(database, ("message",)) == "The disk is full."
