"""What the store holds: revision, size, and rows by table."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, inspect, literal_column, select, text

from zos.db.migrate import current_revision, head_revision
from zos.db.tables import metadata

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from zos.db.engine import Database

_BESIDE = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class StoreStatus:
    """The store at one moment.

    Attributes:
        url: Where it is, without password.
        revision: Its schema's; None: empty.
        head: The revision that this program wants.
        size_bytes: On disk, with indexes and log.
        rows: Table -> number of rows, for the tables that are there.
    """

    url: str
    revision: str | None
    head: str
    size_bytes: int
    rows: dict[str, int]

    @property
    def state(self) -> str:
        """`current`, `pending` (a migration is due) or `newer` (than this program)."""
        if self.revision == self.head:
            return "current"
        return "newer" if self.revision is not None and self.revision > self.head else "pending"


async def store_status(database: Database) -> StoreStatus:
    """Look at an open store, whatever its schema.

    Raises:
        DatabaseError: If it cannot be read.
    """
    async with database.read() as connection:
        revision = await connection.run_sync(current_revision)
        rows = await connection.run_sync(_row_counts)
    size = await store_size_bytes(database)
    return StoreStatus(database.shown_url, revision, head_revision(), size, rows)


async def store_size_bytes(database: Database) -> int:
    """Return what an open store takes on its disk, with indexes and log.

    Raises:
        DatabaseError: If it cannot be read.
    """
    if database.path is not None:
        return await asyncio.to_thread(_file_size, database.path)
    async with database.read() as connection:
        size = await connection.scalar(text("SELECT pg_database_size(current_database())"))
    return int(size or 0)


def _row_counts(connection: Connection) -> dict[str, int]:
    there = set(inspect(connection).get_table_names())
    tables = [table for table in metadata.sorted_tables if table.name in there]
    count = select(func.count(literal_column("*")))
    return {table.name: connection.scalar(count.select_from(table)) or 0 for table in tables}


def _file_size(path: Path) -> int:
    files = (path.with_name(path.name + suffix) for suffix in _BESIDE)
    return sum(file.stat().st_size for file in files if file.exists())
