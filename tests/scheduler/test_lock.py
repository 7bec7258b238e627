"""The service lock: one scheduler a database file, and never a lock that outlives its process."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from zos.core.errors import DatabaseError, StillRunningError
from zos.scheduler.lock import ServiceLock

HOLD = """
import sys
from pathlib import Path
from zos.scheduler.lock import ServiceLock
lock = ServiceLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
input()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "zos.db"


def test_a_second_holder_is_refused_with_the_first_ones_number(database: Path) -> None:
    first, second = ServiceLock(database), ServiceLock(database)
    first.acquire()
    with pytest.raises(StillRunningError, match=rf"process {os.getpid()}.*another data_dir"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()
    second.release()


def test_a_link_to_the_database_is_the_same_database(database: Path, tmp_path: Path) -> None:
    database.touch()
    link = tmp_path / "elsewhere.db"
    link.symlink_to(database)
    lock = ServiceLock(database)
    lock.acquire()
    with pytest.raises(StillRunningError):
        ServiceLock(link).acquire()
    lock.release()


def test_the_lock_ends_with_its_process_even_when_that_is_killed(database: Path) -> None:
    lock = ServiceLock(database)
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StillRunningError, match=f"process {process.pid}"):
            lock.acquire()
        process.kill()
        process.wait()
    lock.acquire()
    lock.release()


def test_it_stands_beside_the_database_and_is_its_owners_alone(database: Path) -> None:
    lock = ServiceLock(database)
    lock.acquire()
    assert lock.path == database.with_name("zos.db.service.lock")
    assert lock.path.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("CREATE TABLE free (to_write)")
    lock.release()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="cannot be made"):
        ServiceLock(tmp_path / "nowhere" / "zos.db").acquire()
