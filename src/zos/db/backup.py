"""Online backup: a whole copy of the store while others go on writing, checked before it gets its name.

In: an open `Database` and a destination. Out: one file, on SQLite a database that can be put in
place of the lost one, on PostgreSQL an archive for `pg_restore`. A backup that fails or is
interrupted leaves nothing behind, and what stood at the destination untouched.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from zos.core.errors import DatabaseError, UsageError
from zos.db.failures import explained
from zos.db.pg_tools import dump

if TYPE_CHECKING:
    from zos.db.engine import Database

_PAGES_AT_A_TIME = 1024
ReportProgress = Callable[[int, int], None]
"""Told how many pages are copied, and of how many; from another thread."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup."""

    path: Path
    size_bytes: int


async def back_up(
    database: Database,
    destination: Path,
    *,
    force: bool = False,
    progress: ReportProgress = lambda _done, _total: None,
) -> Backup:
    """Copy the store to the file `destination`.

    Raises:
        UsageError: If the destination exists (unless `force`), is the store itself, or has no folder.
        DatabaseError: If the copy cannot be made, or fails its check.
    """
    _check_destination(database, destination, force=force)
    with _draft_beside(destination) as draft:
        if database.path is None:
            await dump(database.url, draft)
        else:
            await _copy_sqlite(database.path, draft, progress)
        return await asyncio.to_thread(_put_in_place, draft, destination)


@contextmanager
def _draft_beside(destination: Path) -> Iterator[Path]:
    """Make a private, empty file in the destination's folder; remove it if it still is there at the end."""
    handle, name = tempfile.mkstemp(prefix=f".{destination.name}.", dir=destination.parent)
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _check_destination(database: Database, destination: Path, *, force: bool) -> None:
    if not destination.parent.is_dir():
        raise UsageError(f"There is no folder {destination.parent} for the backup.")
    if not destination.exists():
        return
    if destination.is_dir():
        raise UsageError(f"{destination} is a folder.", hint="Name a file.")
    if database.path is not None and destination.samefile(database.path):
        raise UsageError("A backup cannot replace its own database.", hint="Name another file.")
    if not force:
        raise UsageError(f"{destination} is there already.", hint="--force overwrites it.")


async def _copy_sqlite(source: Path, draft: Path, progress: ReportProgress) -> None:
    stop = Event()
    copying = asyncio.create_task(asyncio.to_thread(_copy, source, draft, progress, stop))
    try:
        await asyncio.shield(copying)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.gather(copying, return_exceptions=True)  # the file is the thread's until then
        raise


def _copy(source: Path, draft: Path, progress: ReportProgress, stop: Event) -> None:
    def report(_status: int, remaining: int, total: int) -> None:
        if stop.is_set():
            raise InterruptedError
        progress(total - remaining, total)

    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as reading,
            closing(sqlite3.connect(draft)) as writing,
        ):
            # A view of its own: otherwise every commit of another would start the copy anew.
            reading.execute("BEGIN")
            reading.execute("SELECT 1 FROM sqlite_master").fetchone()
            reading.backup(writing, pages=_PAGES_AT_A_TIME, progress=report)
            writing.execute("PRAGMA journal_mode=DELETE")  # so that it is one file
            _check_integrity(writing)
    except sqlite3.Error as error:
        raise explained(error, str(source)) from error


def _check_integrity(copy: sqlite3.Connection) -> None:
    verdict = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise DatabaseError(
            f"The copy fails SQLite's integrity check: {verdict.splitlines()[-1]}.",
            hint="The database itself may be damaged: keep your earlier backups.",
        )


def _put_in_place(draft: Path, destination: Path) -> Backup:
    """Give the finished draft its name, once it is on the disk."""
    with draft.open("rb") as file:
        os.fsync(file.fileno())
        size_bytes = file.seek(0, os.SEEK_END)
    draft.replace(destination)
    return Backup(destination, size_bytes)
