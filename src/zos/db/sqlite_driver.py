"""aiosqlite, with one trip to the connection's thread for a statement instead of four, or for a whole transaction.

Each trip costs about as much as a small statement itself. So a cursor here runs its statement,
fetches its rows and closes in one go, a transaction begins with its first statement, and statements
that nobody waits for go along with the next. Work that is taken there itself goes straight to sqlite3.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import aiosqlite
from sqlalchemy.dialects.sqlite.aiosqlite import AsyncAdapt_aiosqlite_connection

Result = TypeVar("Result")
Work = Callable[[sqlite3.Cursor], object]
_LOOK_SECONDS = 0.1

_CHUNK_ROWS = 64


class OneTripConnection(aiosqlite.Connection):
    """A connection of aiosqlite's whose `cursor()` is made for SQLAlchemy's adapter.

    Args:
        path: The SQLite file.
        timeout_seconds: How long a statement waits for another writer.
        query_only: It never writes, so nobody needs to wait for the end of its transactions.
    """

    def __init__(self, path: Path, timeout_seconds: float, *, query_only: bool) -> None:
        connector = partial(sqlite3.connect, path, timeout=timeout_seconds, isolation_level=None)
        super().__init__(connector, _CHUNK_ROWS)
        self._thread.daemon = True
        self._query_only = query_only
        self._begin: Work | None = None
        self._later: list[Work] = []
        self._is_broken = False

    @property
    def is_here(self) -> bool:
        """Whether this is the connection's own thread."""
        return threading.get_ident() == self._thread.ident

    def begin_with(self, statement: str) -> None:
        """Begin a transaction by `statement`, together with its first statement."""
        self._begin = lambda cursor: cursor.execute(statement)

    def later(self, work: Work) -> None:
        """Do `work` just before the transaction's next statement or its commit.

        If it fails, so does that one, and nothing but a rollback can follow.
        """
        self._later.append(work)

    def cursor(self) -> Any:
        """Return a cursor that is ready at once."""
        return _Cursor(self)

    async def run(self, work: Work) -> _Outcome:
        """Run `work` on a fresh cursor in the connection's thread and return what it left."""
        later, self._later = self._later, []
        return await self._in_thread(partial(self._run, later, work))

    async def take_there(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run `work`, which awaits nothing but this connection, to its end in the connection's thread."""
        return await self._in_thread(partial(_finished, work))

    def cursor_here(self) -> sqlite3.Cursor:
        """Return sqlite3's own cursor, in the connection's thread."""
        self._check()
        cursor = self._conn.cursor()
        begin, self._begin = self._begin, None
        if begin is not None:
            self._owed(cursor, [begin])
        return cursor

    def commit_here(self) -> None:
        """Commit, in the connection's thread."""
        self._check()
        self._begin = None
        self._conn.commit()

    def roll_back_here(self) -> None:
        """Roll back, in the connection's thread."""
        self._begin, self._is_broken = None, False
        self._conn.rollback()

    async def commit(self) -> None:
        """Commit, if anything was begun."""
        self._check()
        if self._later:
            await self.run(lambda cursor: cursor.connection.commit())
        else:
            await self._end(self._conn.commit)

    async def rollback(self) -> None:
        """Roll back, if anything was begun."""
        self._later = []
        self._is_broken = False
        await self._end(self._conn.rollback)

    async def _end(self, how: Callable[[], None]) -> None:
        if self._begin is not None:
            self._begin = None
        elif self._query_only and self._conn.in_transaction:
            self._tx.put_nowait((None, how))  # in turn, before the connection's next statement
        elif self._conn.in_transaction:
            await self._in_thread(how)

    def _run(self, later: Sequence[Work], work: Work) -> _Outcome:
        cursor = self.cursor_here()
        try:
            self._owed(cursor, later)
            work(cursor)
            return _Outcome(cursor)
        finally:
            cursor.close()

    def _owed(self, cursor: sqlite3.Cursor, works: Sequence[Work]) -> None:
        self._is_broken = True
        for work in works:
            work(cursor)
        self._is_broken = False

    def _check(self) -> None:
        if self._is_broken:
            raise sqlite3.ProgrammingError("What had to come before failed: roll back.")

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        """Whoever is cancelled meanwhile is so at the end of `work`: the connection is in use until then."""
        try:
            result: Result = await self._execute(work)  # type: ignore[no-untyped-call]
        except asyncio.CancelledError:
            await self._come_back()
            raise
        return result

    async def _come_back(self) -> None:
        end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((end, lambda: None))
        while not end.done() and self._thread.is_alive():  # one that has ended answers nobody
            with suppress(asyncio.CancelledError):
                await asyncio.wait([end], timeout=_LOOK_SECONDS)


class _Outcome:
    """What a statement left: its rows, and what a cursor says of them."""

    __slots__ = ("description", "lastrowid", "rowcount", "rows")

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.rows = cursor.fetchall() if cursor.description else []
        self.description = cursor.description
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid


def _finished(work: Coroutine[Any, Any, Result]) -> Result:
    """Run `work`, which never has to wait, and return its result."""
    try:
        work.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    work.close()
    raise RuntimeError("What is done in one trip may wait for nothing but its connection.")


class AdaptedConnection(AsyncAdapt_aiosqlite_connection):
    """What SQLAlchemy talks to; in the connection's own thread, it talks to sqlite3."""

    __slots__ = ()

    def cursor(self, server_side: bool = False) -> Any:
        """Return a cursor."""
        driver: Any = self._connection
        return driver.cursor_here() if driver.is_here else super().cursor(server_side)

    def commit(self) -> None:
        """Commit."""
        driver: Any = self._connection
        driver.commit_here() if driver.is_here else super().commit()

    def rollback(self) -> None:
        """Roll back."""
        driver: Any = self._connection
        driver.roll_back_here() if driver.is_here else super().rollback()


class _Cursor:
    """The part of an aiosqlite cursor that SQLAlchemy's adapter uses."""

    def __init__(self, connection: OneTripConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        return await self._keep(lambda cursor: cursor.execute(sql, parameters))

    async def executemany(self, sql: str, parameters: Sequence[Sequence[Any]]) -> Self:
        return await self._keep(lambda cursor: cursor.executemany(sql, parameters))

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []

    async def _keep(self, work: Work) -> Self:
        outcome = await self._connection.run(work)
        self._rows = outcome.rows
        self.description = outcome.description
        self.rowcount = outcome.rowcount
        self.lastrowid = outcome.lastrowid
        return self
