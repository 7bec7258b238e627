"""A SQLite file in write-ahead mode: made, or switched over, once; the mode stays with the file."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

from zos.db.failures import explained

if TYPE_CHECKING:
    from pathlib import Path

_PAUSE_SECONDS = 0.02


def ensure_wal(path: Path, timeout_seconds: float) -> None:
    """Put the file into write-ahead mode, making it when there is none; blocks.

    SQLite does not wait for others when it changes the mode: of processes that start at once all
    but one would fail. So this tries again until the mode is as it should be.

    Raises:
        DatabaseError: If the file cannot be opened, or is not free within the time.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=timeout_seconds)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                return
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > deadline:
                raise explained(error, str(path)) from error
        time.sleep(_PAUSE_SECONDS)
