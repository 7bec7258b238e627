"""The service lock: one scheduler on one SQLite file.

The lock is the operating system's, on a file beside the database: it ends with the process, however
that ends. The database file itself is never locked so: closing any handle on it would drop
SQLite's own locks.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

from zos.core.errors import DatabaseError, StillRunningError

_OWNER_ONLY = 0o600


class ServiceLock:
    """A lock that is held from `acquire` to `release`.

    Args:
        database: The SQLite file.
    """

    def __init__(self, database: Path) -> None:
        file = database.resolve()  # a link to the file is the same database
        self.path = file.with_name(f"{file.name}.service.lock")
        self._held: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock, and leave this process's number in the file for people.

        Raises:
            StillRunningError: If another scheduler holds it.
            DatabaseError: If the file cannot be made.
        """
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, _OWNER_ONLY)
        except OSError as error:
            raise DatabaseError(
                f"The lock file {self.path} cannot be made: {error.strerror}.",
                hint="Check the folder's permissions.",
            ) from error
        file = os.fdopen(descriptor, "r+")
        if not _lock(file):
            holder = file.read().strip()
            file.close()
            raise StillRunningError(
                f"Zos is already running on this database{f' (process {holder})' if holder else ''}.",
                hint="Stop it first, or give this one another data_dir.",
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._held = file

    def release(self) -> None:
        """Give the lock back; the file stays."""
        if self._held is not None:
            self._held.close()
            self._held = None


def _lock(file: IO[str]) -> bool:
    """Lock an open file for as long as it is open; False if somebody else has."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
