"""The store as a thing on a disk: how large it is, and which backups of it there are.

In: an open store and its configuration. Out: figures; no rows are counted, so that it is quick on a large store.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from zos.db.status import store_size_bytes

if TYPE_CHECKING:
    from pathlib import Path

    from zos.config import Config
    from zos.db.engine import Database

BACKUPS = "backups"
"""The folder below `data_dir` in which `zos db backup` puts what is not named otherwise."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file in the folder of backups."""

    name: str
    size_bytes: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Storage:
    """The store on its disk.

    Attributes:
        url: Where it is, without password.
        size_bytes: With indexes and log.
        backups: Those in the usual folder, the newest first; others are not known here.
    """

    url: str
    size_bytes: int
    backups: tuple[BackupFile, ...]


class StorageView:
    """Looks at the disk.

    Args:
        database: The store.
        config: Where its backups are.
    """

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._folder = config.data_dir / BACKUPS

    async def look(self) -> Storage:
        """Return how large everything is now.

        Raises:
            DatabaseError: If the store cannot be read.
        """
        size = await store_size_bytes(self._database)
        backups = await asyncio.to_thread(_backups_in, self._folder)
        return Storage(self._database.shown_url, size, backups)


def _backups_in(folder: Path) -> tuple[BackupFile, ...]:
    if not folder.is_dir():
        return ()
    found = [
        BackupFile(path.name, facts.st_size, datetime.fromtimestamp(facts.st_mtime, UTC))
        for path in folder.iterdir()
        if not path.name.startswith(".") and (facts := path.stat())
    ]
    return tuple(sorted(found, key=lambda one: one.made_at, reverse=True))
