"""One trip a statement changes how often threads take turns, and nothing else."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from zos.db.sqlite_driver import OneTripConnection


@asynccontextmanager
async def connected(path: Path, *, query_only: bool = False) -> AsyncIterator[OneTripConnection]:
    connection = OneTripConnection(path, 1.0, query_only=query_only)
    await connection
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_cursor_has_rows_description_and_counts(tmp_path: Path) -> None:
    async with connected(tmp_path / "a.db") as connection:
        cursor = connection.cursor()
        await cursor.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        await cursor.executemany("INSERT INTO t (b) VALUES (?)", [("x",), ("y",)])
        assert cursor.rowcount == 2
        await cursor.execute("INSERT INTO t (b) VALUES (?) RETURNING a", ("z",))
        assert (cursor.lastrowid, await cursor.fetchall()) == (3, [(3,)])
        await cursor.execute("SELECT a, b FROM t ORDER BY a")
        assert [column[0] for column in cursor.description] == ["a", "b"]
        assert await cursor.fetchall() == [(1, "x"), (2, "y"), (3, "z")]
        assert await cursor.fetchall() == []
        await cursor.close()


async def test_a_transaction_begins_with_its_first_statement(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with connected(path) as connection:
        await connection.cursor().execute("CREATE TABLE t (a)")
        connection.begin_with("BEGIN IMMEDIATE")
        begun = [connection.in_transaction]
        await connection.cursor().execute("INSERT INTO t VALUES (1)")
        assert [*begun, connection.in_transaction] == [False, True]
        await connection.rollback()
        connection.begin_with("BEGIN")
        await connection.commit()
        connection.begin_with("BEGIN")
        await connection.rollback()
        assert not connection.in_transaction
        cursor = await connection.cursor().execute("SELECT count(*) FROM t")
        assert await cursor.fetchall() == [(0,)]


async def test_a_statements_error_reaches_its_caller_and_the_connection_goes_on(
    tmp_path: Path,
) -> None:
    async with connected(tmp_path / "a.db") as connection:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await connection.cursor().execute("SELECT * FROM nowhere")
        cursor = await connection.cursor().execute("SELECT 1")
        assert await cursor.fetchall() == [(1,)]


async def test_a_readers_transaction_ends_before_its_next_statement(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with connected(path) as writer, connected(path, query_only=True) as reader:
        await writer.cursor().execute("PRAGMA journal_mode=WAL")
        await writer.cursor().execute("CREATE TABLE t (a)")
        reader.begin_with("BEGIN")
        await reader.cursor().execute("SELECT * FROM t")
        await writer.cursor().execute("INSERT INTO t VALUES (1)")
        seen = await reader.cursor().execute("SELECT count(*) FROM t")
        assert await seen.fetchall() == [(0,)]
        await reader.commit()
        seen = await reader.cursor().execute("SELECT count(*) FROM t")
        assert await seen.fetchall() == [(1,)]


async def test_what_is_done_later_goes_with_the_next_statement(tmp_path: Path) -> None:
    async with connected(tmp_path / "a.db") as connection:
        await connection.cursor().execute("CREATE TABLE t (a)")
        connection.begin_with("BEGIN IMMEDIATE")
        connection.later(lambda cursor: cursor.execute("INSERT INTO t VALUES (1)"))
        begun = connection.in_transaction
        cursor = await connection.cursor().execute("SELECT count(*) FROM t")
        assert (begun, await cursor.fetchall()) == (False, [(1,)])
        connection.later(lambda cursor: cursor.execute("INSERT INTO t VALUES (2)"))
        await connection.rollback()
        connection.begin_with("BEGIN IMMEDIATE")
        connection.later(lambda cursor: cursor.execute("INSERT INTO t VALUES (3)"))
        await connection.commit()
        cursor = await connection.cursor().execute("SELECT a FROM t")
        assert await cursor.fetchall() == [(3,)]


async def test_when_what_nobody_waited_for_fails_nothing_follows_but_a_rollback(
    tmp_path: Path,
) -> None:
    async with connected(tmp_path / "a.db") as connection:
        await connection.cursor().execute("CREATE TABLE t (a UNIQUE)")
        connection.begin_with("BEGIN IMMEDIATE")
        await connection.cursor().execute("INSERT INTO t VALUES (1)")
        connection.later(lambda cursor: cursor.execute("INSERT INTO t VALUES (1)"))
        with pytest.raises(sqlite3.IntegrityError):
            await connection.cursor().execute("INSERT INTO t VALUES (2)")
        with pytest.raises(sqlite3.ProgrammingError, match="roll back"):
            await connection.cursor().execute("INSERT INTO t VALUES (3)")
        with pytest.raises(sqlite3.ProgrammingError, match="roll back"):
            await connection.commit()
        await connection.rollback()
        connection.begin_with("BEGIN IMMEDIATE")
        await connection.cursor().execute("INSERT INTO t VALUES (4)")
        await connection.commit()
        cursor = await connection.cursor().execute("SELECT a FROM t")
        assert await cursor.fetchall() == [(4,)]


async def test_when_a_transaction_cannot_begin_nothing_is_done_outside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with connected(path) as connection:
        await connection.cursor().execute("CREATE TABLE t (a)")
        connection.begin_with("BEGIN NEVER")
        with pytest.raises(sqlite3.OperationalError):
            await connection.cursor().execute("INSERT INTO t VALUES (1)")
        with pytest.raises(sqlite3.ProgrammingError, match="roll back"):
            await connection.cursor().execute("INSERT INTO t VALUES (1)")
        await connection.rollback()
        cursor = await connection.cursor().execute("SELECT count(*) FROM t")
        assert await cursor.fetchall() == [(0,)]


async def test_who_is_cancelled_waits_for_the_thread_so_that_nothing_begins_after_the_rollback(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.db"
    async with connected(path) as connection:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("CREATE TABLE t (a)")
            other.execute("BEGIN IMMEDIATE")
            connection.begin_with("BEGIN IMMEDIATE")
            task = asyncio.ensure_future(connection.cursor().execute("INSERT INTO t VALUES (1)"))
            await asyncio.sleep(0)
            for _ in range(2):
                task.cancel()
                await asyncio.sleep(0)
            assert not task.done()
            other.execute("COMMIT")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert connection.in_transaction
        await connection.rollback()
        assert not connection.in_transaction


async def test_who_is_cancelled_does_not_wait_for_a_thread_that_has_ended(tmp_path: Path) -> None:
    connection = OneTripConnection(tmp_path / "a.db", 1.0, query_only=False)
    await connection
    released = threading.Event()
    async with asyncio.timeout(5):
        busy = asyncio.create_task(connection.run(lambda _: released.wait()))
        await asyncio.sleep(0)
        ended = connection.stop()  # next in turn
        busy.cancel()
        await asyncio.sleep(0)
        released.set()
        with pytest.raises(asyncio.CancelledError):
            await busy
        assert ended is not None
        await ended
