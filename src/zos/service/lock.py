"""One service a database: asked early, for a clean refusal. The scheduler takes the lock for good."""

from __future__ import annotations

from pathlib import Path

from zos.config import Config
from zos.db.engine import database_url
from zos.scheduler.lock import ServiceLock


def refuse_second_service(config: Config) -> None:
    """Do nothing unless a service runs on this database file.

    Raises:
        StillRunningError: If one does.
    """
    url = database_url(config)
    if url.get_backend_name() == "sqlite" and (file := Path(url.database or "")).is_file():
        lock = ServiceLock(file)
        if lock.path.exists():
            lock.acquire()
            lock.release()
