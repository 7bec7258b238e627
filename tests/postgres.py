"""PostgreSQL databases for tests: one a worker that is emptied between tests, others made on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import psycopg
from sqlalchemy import text

from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.db.migrate import head_revision
from zos.db.tables import metadata

TEMPLATE = "zos_template"
_EMPTY = "DO $$ BEGIN {} END $$".format(
    "".join(f'DELETE FROM "{table.name}";' for table in reversed(metadata.sorted_tables))
)
_RESTART = "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'"


def database_uri(uri: str, name: str) -> str:
    """Return the URI of the database `name` on the server of `uri`."""
    return uri.replace("/postgres?", f"/{name}?", 1)


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Make a migrated database, and drop it afterwards; its URI."""
    name = f"zos_{new_ulid(datetime.now(UTC)).lower()}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    yield database_uri(server, name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def emptied(uri: str) -> bool:
    """Empty all tables of a database; False if somebody holds them, or its schema was changed."""
    with suppress(psycopg.Error), psycopg.connect(uri) as connection:
        connection.execute("SET lock_timeout = '1s'")
        connection.execute(_EMPTY)
        connection.execute(_RESTART)
        found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        return found == [(head_revision(),)]
    return False


async def somebody_waits(database: Database, *, longer_than_seconds: float = 0) -> None:
    """Return when a transaction waits for a lock that another one has."""
    waiting = text(
        "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted"
        " AND (:seconds = 0 OR extract(epoch FROM clock_timestamp() - waitstart) > :seconds))"
    )
    async with asyncio.timeout(20), database.read() as connection:
        while not await connection.scalar(waiting, {"seconds": longer_than_seconds}):
            pass


class ReusedDatabase:
    """One database for one test after the other; a new one whenever the old cannot be emptied."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._uri = ""

    def empty_uri(self) -> str:
        """Return the URI of a database with the schema and no rows."""
        if not self._uri or not emptied(self._uri):
            name = f"zos_{new_ulid(datetime.now(UTC)).lower()}"
            with psycopg.connect(self._server, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
            self._uri = database_uri(self._server, name)
        return self._uri
