"""aiosqlite, with one trip to the connection's thread for a statement instead of four.

Each trip costs about as much as a small statement itself. So a cursor here runs its statement,
fetches its rows and closes in one go, a transaction begins with its first statement, and statements
that nobody waits for go along with the next.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

import aiosqlite

Result = TypeVar("Result")
Work = Callable[[sqlite3.Cursor], object]

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

    def begin_with(self, statement: str) -> None:
        """Begin a transaction by `statement`, together with its first statement."""
        self._begin = lambda cursor: cursor.execute(statement)

    def later(self, work: Work) -> None:
        """Do `work` just before the transaction's next statement or its commit; that one fails if it does."""
        self._later.append(work)

    def cursor(self) -> Any:
        """Return a cursor that is ready at once."""
        return _Cursor(self)

    async def run(self, work: Work) -> _Outcome:
        """Run `work` on a fresh cursor in the connection's thread and return what it left."""
        works = [*([] if self._begin is None else [self._begin]), *self._later, work]
        self._begin, self._later = None, []
        return await self._in_thread(partial(_run, self._conn, works))

    async def commit(self) -> None:
        """Commit, if anything was begun."""
        if self._later:
            await self.run(lambda cursor: cursor.connection.commit())
        else:
            await self._end(self._conn.commit)

    async def rollback(self) -> None:
        """Roll back, if anything was begun."""
        self._later = []
        await self._end(self._conn.rollback)

    async def _end(self, how: Callable[[], None]) -> None:
        if self._begin is not None:
            self._begin = None
        elif self._query_only:
            self._tx.put_nowait((None, how))  # in turn, before the connection's next statement
        else:
            await self._in_thread(how)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        result: Result = await self._execute(work)  # type: ignore[no-untyped-call]
        return result


class _Outcome:
    """What a statement left: its rows, and what a cursor says of them."""

    __slots__ = ("description", "lastrowid", "rowcount", "rows")

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.rows = cursor.fetchall() if cursor.description else []
        self.description = cursor.description
        self.rowcount = cursor.rowcount
        self.lastrowid = cursor.lastrowid


def _run(connection: sqlite3.Connection, works: Sequence[Work]) -> _Outcome:
    cursor = connection.cursor()
    try:
        for work in works:
            work(cursor)
        return _Outcome(cursor)
    finally:
        cursor.close()


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
