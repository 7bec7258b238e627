"""`Database`: the one way to the tables, on SQLite (one file, WAL) or PostgreSQL.

In: the configuration. Out: short transactions, `read()` and `write()`. On SQLite one connection
writes (its pool of one is the queue; every write transaction starts IMMEDIATE) while others read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import URL, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

from zos.core.errors import ConfigError, DatabaseError
from zos.db.failures import explained, is_of_the_store
from zos.db.migrate import current_revision, head_revision, refuse_newer, refuse_older, upgrade
from zos.db.sqlite_driver import AdaptedConnection, OneTripConnection
from zos.db.sqlite_file import ensure_wal
from zos.db.sqlite_trip import in_one_trip

if TYPE_CHECKING:
    from sqlalchemy import Table

    from zos.config import Config

CONNECT_TIMEOUT_SECONDS = 10
LOCK_TIMEOUT_SECONDS = 30.0
"""How long a statement waits for another transaction's lock on PostgreSQL; on SQLite the settings say."""
PAID_WAIT_SECONDS = 3600.0
"""How long it waits that stores what a model was paid for, likewise: `purge` may write a large table anew meanwhile."""
_PAID_CONNECTIONS = 4  # of its own, since all others may be waiting then

_PRIVATE = 0o700
_CACHE_KIB = 16 * 1024  # of each connection; four times as much made nothing faster
_LATER = "zos_later"
# Not a parameter of the start, which poolers refuse. What the URL, the role or the database says, wins.
_LIMIT_WAITS = """
    SELECT set_config('lock_timeout', %s, false) WHERE current_setting('lock_timeout') = '0'
"""
LATER: dict[str, Any] = {_LATER: True}
"""Execution options of a statement whose result nobody looks at: SQLite's goes along with the next of its transaction."""

_Result = TypeVar("_Result")
Connection = AsyncConnection
"""An open transaction, as rooms without SQL of their own pass it on."""


def database_url(config: Config) -> URL:
    """Return the URL of the configured database, with the async driver.

    Raises:
        ConfigError: If it is not a SQLite file's or a PostgreSQL URL.
    """
    raw = config.database.url or f"sqlite:///{config.data_dir / 'zos.db'}"
    try:
        url = make_url(raw)
    except (ArgumentError, ValueError):
        raise ConfigError(
            "database.url is not a URL.", hint="Write sqlite:///path or postgresql://…"
        ) from None
    match url.get_backend_name():
        case "sqlite" if url.database in {None, "", ":memory:"}:
            raise ConfigError("database.url names no file.", hint="Write sqlite:///path.")
        case "sqlite":
            return url.set(drivername="sqlite+aiosqlite")
        case "postgresql":
            return url.set(drivername="postgresql+psycopg")
        case other:
            raise ConfigError(
                f"database.url names {other!r}.", hint="Zos stores in SQLite or PostgreSQL."
            )


def job_store_url(config: Config) -> URL:
    """Return the same database's URL for a synchronous engine (the scheduler's job store)."""
    url = database_url(config)
    return url.set(drivername="sqlite") if url.get_backend_name() == "sqlite" else url


class Database:
    """The store. Open it with `connect()`, which also brings the schema up to date.

    Args:
        config: Its `database` section and `data_dir` say where and how.
    """

    def __init__(self, config: Config) -> None:
        self.url = database_url(config)
        self._settings = config.database
        self._reader: AsyncEngine | None = None
        self._writer: AsyncEngine | None = None
        self._payer: AsyncEngine | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path | None:
        """The SQLite file, or None on PostgreSQL."""
        return Path(self.url.database or "") if self.is_sqlite else None

    @property
    def shown_url(self) -> str:
        """The URL for people: without driver and password."""
        plain = self.url.set(drivername=self.url.get_backend_name())
        return plain.render_as_string(hide_password=True)

    async def connect(self, *, migrate: bool = True) -> None:
        """Open the store and, with `migrate`, make it where there is none and bring its schema up to date.

        Raises:
            DatabaseError: If it cannot be reached or opened.
            MigrationError: If its schema is newer than this program, or (without `migrate`) older.
        """
        if self.path is not None:
            (_make_parent if migrate else _require_file)(self.path)
            timeout_seconds = self._settings.busy_timeout_seconds
            await asyncio.to_thread(ensure_wal, self.path, timeout_seconds)
        self._open_engines()
        try:
            await self._prepare(migrate=migrate)
        except BaseException:
            await self.close()
            raise

    async def open(self) -> None:
        """Open the store as it is, whatever its schema, and make nothing.

        Raises:
            DatabaseError: If there is no such SQLite file, or the server cannot be reached.
        """
        if self.path is not None:
            _require_file(self.path)
        self._open_engines()
        try:
            await ping(self)
        except BaseException:
            await self.close()
            raise

    async def _prepare(self, *, migrate: bool) -> None:
        async with self.read() as connection:
            current = await connection.run_sync(current_revision)
        if current == head_revision():
            return
        refuse_newer(current)
        if not migrate:
            refuse_older(current)
        async with self.write() as connection:
            await connection.run_sync(upgrade)

    async def close(self) -> None:
        """Close all connections."""
        engines = {self._reader, self._writer, self._payer} - {None}
        self._reader = self._writer = self._payer = None
        for engine in engines:
            await _opened(engine).dispose()

    @asynccontextmanager
    async def read(self, within: AsyncConnection | None = None) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads, unless there is one to read `within`.

        Raises:
            DatabaseError: If the store fails; errors of the statements themselves pass unchanged.
        """
        if within is not None:
            yield within
            return
        async with self._transaction(self._reader) as connection:
            yield connection

    @asynccontextmanager
    async def write(self, *, is_paid: bool = False) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that writes; it commits at the end, or rolls back on an error.

        Args:
            is_paid: Whether it stores what a model was paid for, and so waits long (see `PAID_WAIT_SECONDS`).

        Raises:
            DatabaseError: If the store fails; errors of the statements themselves pass unchanged.
        """
        async with self._transaction(self._payer if is_paid else self._writer) as connection:
            yield connection

    async def read_at_once(self, work: Callable[[AsyncConnection], Awaitable[_Result]]) -> _Result:
        """Return what `work` does in a transaction that only reads.

        On SQLite all of it is one trip to the connection's thread, which costs a third of one trip a
        statement. So `work` may wait for nothing but its connection, and returns no open result.

        Raises:
            DatabaseError: If the store fails; errors of the statements themselves pass unchanged.
        """
        return await self._at_once(self._reader, work)

    async def write_at_once(
        self, work: Callable[[AsyncConnection], Awaitable[_Result]], *, is_paid: bool = False
    ) -> _Result:
        """Return what `work` does, likewise, in a transaction that writes (see `write`).

        It commits at the end, or rolls back on an error. Whoever is cancelled meanwhile is so when
        that is done: what was written stays.

        Raises:
            DatabaseError: If the store fails; errors of the statements themselves pass unchanged.
        """
        return await self._at_once(self._payer if is_paid else self._writer, work)

    async def _at_once(
        self, engine: AsyncEngine | None, work: Callable[[AsyncConnection], Awaitable[_Result]]
    ) -> _Result:
        if not self.is_sqlite:
            async with self._transaction(engine) as connection:
                return await work(connection)
        with self._explaining():
            connection = await _opened(engine).connect()
            try:
                return await in_one_trip(connection, work)
            finally:
                await connection.close()  # which has nothing left to wait for

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine | None) -> AsyncIterator[AsyncConnection]:
        with self._explaining():
            async with _opened(engine).begin() as connection:
                yield connection

    async def autocommit(self, work: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        """Run `work` outside a transaction (VACUUM, checkpoints), alone among this process's writers."""
        options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        with self._explaining():
            async with _opened(self._writer).connect() as connection:
                await work(await connection.execution_options(zos_autocommit=True, **options))

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except PoolTimeoutError as error:
            raise DatabaseError(
                "No database connection became free in time.", hint="Try again later."
            ) from error
        except DBAPIError as error:
            if is_of_the_store(error):
                where = self.shown_url if self.path is None else str(self.path)
                raise explained(error.orig, where) from error
            raise

    def insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Return an INSERT of this dialect, which has `on_conflict_do_nothing` and `on_conflict_do_update`."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def _open_engines(self) -> None:
        if self.is_sqlite:
            self._writer = self._payer = self._sqlite_engine(
                pool_size=1, begin="BEGIN IMMEDIATE", query_only=False
            )
            self._reader = self._sqlite_engine(
                pool_size=self._settings.pool_size, begin="BEGIN", query_only=True
            )
        else:
            self._reader = self._writer = self._postgres_engine(
                self._settings.pool_size, self._settings.pool_timeout_seconds, LOCK_TIMEOUT_SECONDS
            )
            self._payer = self._postgres_engine(
                _PAID_CONNECTIONS, PAID_WAIT_SECONDS, PAID_WAIT_SECONDS
            )

    def _postgres_engine(
        self, connections: int, pool_timeout_seconds: float, lock_timeout_seconds: float
    ) -> AsyncEngine:
        try:
            engine = create_async_engine(
                self.url,
                pool_size=connections,
                max_overflow=0,
                pool_timeout=pool_timeout_seconds,
                pool_pre_ping=True,
                hide_parameters=True,  # people's words are no part of an error
                connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS},
            )
        except ImportError as error:
            raise ConfigError(
                "database.url names PostgreSQL, whose driver is not installed.",
                hint="Install it with `pip install 'zos[postgres]'`.",
            ) from error

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, _record: object) -> None:
            cursor = connection.cursor()
            cursor.execute(_LIMIT_WAITS, (f"{lock_timeout_seconds * 1000:.0f}",))
            cursor.close()
            connection.commit()  # else it would be taken back with the transaction

        return engine

    def _sqlite_engine(self, *, pool_size: int, begin: str, query_only: bool) -> AsyncEngine:
        engine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=self._settings.pool_timeout_seconds,
            hide_parameters=True,  # people's words are no part of an error
        )
        pragmas = [
            "PRAGMA foreign_keys=ON",
            f"PRAGMA synchronous={self._settings.synchronous}",
            "PRAGMA secure_delete=ON",
            "PRAGMA temp_store=MEMORY",
            f"PRAGMA cache_size=-{_CACHE_KIB}",
            f"PRAGMA query_only={query_only:d}",
        ]

        @event.listens_for(engine.sync_engine, "do_connect")
        def connect(dialect: Any, *_given: object) -> AdaptedConnection:
            seconds = self._settings.busy_timeout_seconds
            driver: Any = await_only(_connected(self.url, seconds, query_only=query_only))
            return AdaptedConnection(dialect.loaded_dbapi, driver)

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, _record: object) -> None:
            connection.create_function("pow", 2, pow, deterministic=True)
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(pragma)
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def start(connection: Any) -> None:
            if not connection.get_execution_options().get("zos_autocommit"):
                connection.connection.driver_connection.begin_with(begin)

        for name in ("do_execute", "do_executemany"):
            event.listen(engine.sync_engine, name, _postponed(name.removeprefix("do_")))

        return engine


def _postponed(method: str) -> Callable[[Any, str, Any, Any], bool]:
    def postpone(_cursor: object, sql: str, parameters: Any, context: Any) -> bool:
        if not context.execution_options.get(_LATER):
            return False
        driver = context.root_connection.connection.driver_connection
        if driver.is_here:
            return False
        driver.later(lambda cursor: getattr(cursor, method)(sql, parameters))
        return True

    return postpone


async def _connected(url: URL, timeout_seconds: float, *, query_only: bool) -> OneTripConnection:
    path = Path(url.database or "")
    connection = OneTripConnection(path, timeout_seconds, query_only=query_only)
    await connection
    return connection


def _opened(engine: AsyncEngine | None) -> AsyncEngine:
    if engine is None:
        raise DatabaseError("The database is not open.", hint="Call connect() first.")
    return engine


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise DatabaseError(
            f"There is no database at {path}.", hint="Make one with `zos db migrate`."
        )


def _make_parent(path: Path) -> None:
    try:
        path.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"The folder {path.parent} cannot be made: {error.strerror}.",
            hint="Check data_dir and its permissions.",
        ) from error


async def ping(database: Database) -> None:
    """Ask the store for nothing, to see that it answers.

    Raises:
        DatabaseError: If it does not.
    """
    async with database.read() as connection:
        await connection.execute(text("SELECT 1"))
