"""Purging: after rows were deleted for somebody's sake, nothing of them stays on the disk.

SQLite overwrites what it deletes (`secure_delete`), but a search index keeps words until it is written
anew, and the write-ahead log keeps pages until it is cut. PostgreSQL keeps rows until their tables are
written anew, and samples of them among its statistics (written anew if Zos's role owns the database);
its own log and earlier backups are beyond reach, see `docs/reference/privacy.md`. Nobody else gets at
a table meanwhile: only what a model was paid for waits for as long as that may take (`db.engine`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import text

from zos.core.errors import DatabaseError
from zos.db.search_ddl import FTS5_INDEXES

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database


async def purge(database: Database, tables: Sequence[str]) -> str:
    """Write anew what deleted rows were in.

    Args:
        database: The store.
        tables: The tables that rows were deleted from (PostgreSQL; a SQLite file is one whole).

    Returns:
        Empty when nothing is left; else what stands in the way for now.
    """
    try:
        if database.is_sqlite:
            await database.autocommit(_rewrite_file)
        else:
            await database.autocommit(lambda connection: _rewrite_tables(connection, tables))
    except DatabaseError as error:
        return error.message
    return ""


async def _rewrite_file(connection: AsyncConnection) -> None:
    for index in FTS5_INDEXES:
        rebuild = f"INSERT INTO {index}({index}) VALUES ('rebuild')"  # noqa: S608 - constants
        await connection.execute(text(rebuild))
    # In memory the copy that VACUUM makes could be larger than the machine has.
    await connection.execute(text("PRAGMA temp_store=FILE"))
    try:
        await connection.execute(text("VACUUM"))
    finally:
        await connection.execute(text("PRAGMA temp_store=MEMORY"))
    is_busy, *_ = (await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))).one()
    if is_busy:
        raise DatabaseError("Somebody reads the database, so its log cannot be cut yet.")


async def _rewrite_tables(connection: AsyncConnection, tables: Sequence[str]) -> None:
    for table in (*tables, "pg_statistic"):  # at last: the tables' new statistics replace the old
        await connection.execute(text(f'VACUUM (FULL, ANALYZE) "{table}"'))
