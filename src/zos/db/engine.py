"""`Database`: the one way to the tables, on SQLite (one file, WAL) or PostgreSQL.

In: the configuration. Out: short transactions, `read()` and `write()`. On SQLite one connection
writes (its pool of one is the queue; every write transaction starts IMMEDIATE) while others read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    OperationalError,
)
from sqlalchemy.exc import (
    TimeoutError as PoolTimeoutError,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from zos.core.errors import ConfigError, DatabaseError, MigrationError
from zos.db.migrate import current_revision, head_revision, upgrade

if TYPE_CHECKING:
    from sqlalchemy import Table

    from zos.config import Config

POOL_TIMEOUT_SECONDS = 30.0

Connection = AsyncConnection
"""An open transaction, as rooms without SQL of their own pass it on."""


def database_url(config: Config) -> URL:
    """Return the URL of the configured database, with the async driver.

    Raises:
        ConfigError: If it is not a SQLite or PostgreSQL URL.
    """
    raw = config.database.url or f"sqlite:///{config.data_dir / 'zos.db'}"
    try:
        url = make_url(raw)
    except ArgumentError:
        raise ConfigError(
            "database.url is not a URL.", hint="Write sqlite:///path or postgresql://…"
        ) from None
    match url.get_backend_name():
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

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a SQLite file."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def path(self) -> Path | None:
        """The SQLite file, or None on PostgreSQL."""
        return Path(self.url.database or "") if self.is_sqlite else None

    async def connect(self, *, migrate: bool = True) -> None:
        """Open the store and, with `migrate`, bring its schema up to date.

        Raises:
            DatabaseError: If it cannot be reached or opened.
            MigrationError: If its schema is newer than this program, or (without `migrate`) older.
        """
        if self.path is not None:
            _make_parent(self.path)
        self._open_engines()
        try:
            await self._prepare(migrate=migrate)
        except OperationalError as error:
            await self.close()
            raise self._unreachable(error) from error
        except DatabaseError:
            await self.close()
            raise

    async def _prepare(self, *, migrate: bool) -> None:
        async with self.write() as connection:
            if await connection.run_sync(current_revision) == head_revision():
                return
            await connection.run_sync(upgrade if migrate else _refuse_outdated)

    async def close(self) -> None:
        """Close all connections."""
        for engine in {self._reader, self._writer} - {None}:
            await engine.dispose()  # type: ignore[union-attr]  # None is subtracted
        self._reader = self._writer = None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads."""
        async with self._transaction(self._reader) as connection:
            yield connection

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that writes; it commits at the end, or rolls back on an error."""
        async with self._transaction(self._writer) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine | None) -> AsyncIterator[AsyncConnection]:
        if engine is None:
            raise DatabaseError("The database is not open.", hint="Call connect() first.")
        try:
            async with engine.begin() as connection:
                yield connection
        except PoolTimeoutError as error:
            raise DatabaseError(
                f"No database connection became free in {POOL_TIMEOUT_SECONDS:.0f} s.",
                hint="Try again later.",
            ) from error

    async def autocommit(self, work: Callable[[AsyncConnection], Awaitable[None]]) -> None:
        """Run `work` outside a transaction (VACUUM, checkpoints), alone among this process's writers."""
        if self._writer is None:
            raise DatabaseError("The database is not open.", hint="Call connect() first.")
        async with self._writer.connect() as connection:
            options: dict[str, Any] = {} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
            raw = await connection.execution_options(zos_autocommit=True, **options)
            await work(raw)

    def insert(self, table: Table) -> Any:
        """Return an INSERT of this dialect, which has `on_conflict_do_nothing` and `on_conflict_do_update`."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def _open_engines(self) -> None:
        if self.is_sqlite:
            self._writer = self._sqlite_engine(
                pool_size=1, begin="BEGIN IMMEDIATE", query_only=False
            )
            self._reader = self._sqlite_engine(
                pool_size=self._settings.pool_size, begin="BEGIN", query_only=True
            )
        else:
            self._reader = self._writer = create_async_engine(
                self.url,
                pool_size=self._settings.pool_size,
                max_overflow=0,
                pool_timeout=POOL_TIMEOUT_SECONDS,
                pool_pre_ping=True,
                connect_args={"connect_timeout": 10},
            )

    def _sqlite_engine(self, *, pool_size: int, begin: str, query_only: bool) -> AsyncEngine:
        engine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=POOL_TIMEOUT_SECONDS,
            connect_args={"timeout": self._settings.busy_timeout_seconds},
        )
        pragmas = [
            "PRAGMA foreign_keys=ON",
            f"PRAGMA synchronous={self._settings.synchronous}",
            "PRAGMA secure_delete=ON",
            "PRAGMA temp_store=MEMORY",
            "PRAGMA cache_size=-65536",
            "PRAGMA query_only=ON" if query_only else "PRAGMA journal_mode=WAL",
        ]

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, _record: object) -> None:
            connection.isolation_level = None  # the driver's own BEGIN is deferred; ours is below
            connection.create_function("pow", 2, pow, deterministic=True)
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(pragma)
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def start(connection: Any) -> None:
            if not connection.get_execution_options().get("zos_autocommit"):
                connection.exec_driver_sql(begin)

        return engine

    def _unreachable(self, error: DBAPIError) -> DatabaseError:
        shown = self.url.render_as_string(hide_password=True)
        hint = (
            "Check the path and its permissions."
            if self.is_sqlite
            else "Check that the server runs and the URL."
        )
        reason = str(error.orig).splitlines()[0].rstrip(". ")
        return DatabaseError(f"The database {shown} cannot be opened: {reason}.", hint=hint)


def _make_parent(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"The folder {path.parent} cannot be made: {error.strerror}.",
            hint="Check data_dir and its permissions.",
        ) from error


def _refuse_outdated(_connection: Any) -> None:
    raise MigrationError(
        "The database's schema is older than this program.", hint="Run `zos db migrate`."
    )


async def ping(database: Database) -> None:
    """Ask the store for nothing, to see that it answers."""
    async with database.read() as connection:
        await connection.execute(text("SELECT 1"))
