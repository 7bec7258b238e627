"""An import that is killed, or that has little memory: real processes on real files."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.observe.conftest import OBSERVED, Room
from tests.observe.exports import answering, export, person, reacted, said, write

from zos.config import Config
from zos.db.engine import Database
from zos.db.tables import import_file, message
from zos.observe.importer import FileOutcome, ImportStage

MESSAGES = 1_500
SQLITE_CACHE_BYTES = 64 * 1024 * 1024  # of the writing connection

CHILD = """
import asyncio, json, sys, time
from pathlib import Path
from zos.config import Config
from zos.consent.store import ConsentStore
from zos.db.engine import Database
from zos.observe.importer import Importer, ImportStage

settings, path, hold_at = json.loads(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
config = Config.model_validate(settings)

def tell(stage, name, done, total):
    if stage is ImportStage.STORING and done >= hold_at:
        print("here", flush=True)
        time.sleep(60)

async def main():
    database = Database(config)
    await database.connect()
    importer = Importer(database, ConsentStore(database, config), config)
    await importer.import_paths([path], progress=tell if hold_at else None)
    await database.close()

asyncio.run(main())
"""


def settings_of(config: Config) -> str:
    database = {"url": config.database.url}
    observe = {"batch_size": 100}
    return json.dumps({"data_dir": str(config.data_dir), "database": database, "observe": observe})


def archive(path: Path, messages: int = MESSAGES) -> Path:
    told: list[dict[str, Any]] = []
    for n in range(1, messages + 1):
        extra: dict[str, Any] = answering(n + 3) if n % 3 == 0 else {}
        if n % 5 == 0:
            extra["reactions"] = [reacted("👍", 11, 12)]
        told.append(said(n, 11 + n % 7, mentions=[person(11 + n % 3)], **extra))
    return write(path, export(told))


@pytest.mark.parametrize("part", [0.05, 0.6, 1.0])
async def test_an_import_that_is_killed_goes_on_and_ends_as_if_it_had_not_been(
    room: Room, tmp_path: Path, part: float
) -> None:
    path = archive(tmp_path / "a.json")
    hold_at = str(int(path.stat().st_size * part))
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHILD, settings_of(room.config), str(path), hold_at),
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    assert await child.stdout.readline() == b"here\n"
    child.kill()
    await child.wait()
    ((done, finished),) = await room.rows(import_file, "messages_done", "finished_at")
    assert 0 < done == len(await room.rows(message, "id"))
    assert finished is None

    report = await room.in_batches_of(70).bring_in(path)

    assert report.files[0].outcome is FileOutcome.IMPORTED
    assert (report.total("messages"), report.total("known")) == (MESSAGES - done, 0)
    assert await room.picture() == await uninterrupted(room, path)
    assert (await room.bring_in(path)).files[0].outcome is FileOutcome.IN_ALREADY


async def test_an_import_that_is_cancelled_leaves_whole_batches(room: Room, tmp_path: Path) -> None:
    path = archive(tmp_path / "a.json")
    small = room.in_batches_of(100)
    importing: asyncio.Task[Any]

    def stop(stage: ImportStage, _name: str, _done: int, _total: int) -> None:
        if stage is ImportStage.STORING:
            importing.cancel()

    importing = asyncio.ensure_future(small.importer.import_paths([path], progress=stop))
    with pytest.raises(asyncio.CancelledError):
        await importing

    stored = len(await room.rows(message, "id"))
    assert stored in (100, 200)
    assert await room.rows(import_file, "messages_done") == [(stored,)]
    await small.bring_in(path)
    assert await room.picture() == await uninterrupted(room, path)


async def uninterrupted(room: Room, path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What the same file leaves in an empty store of its own."""
    folder = path.parent / "other"
    config = Config.model_validate({"data_dir": folder})
    database = Database(config)
    await database.connect()
    other = Room(database, config, room.clock)
    await other.bring_in(path)
    picture = await other.picture()
    await database.close()
    assert set(picture) == {table.name for table in OBSERVED}
    return picture


LIMITED = """
import asyncio, json, resource, sys
from pathlib import Path
from zos.config import Config
from zos.consent.store import ConsentStore
from zos.db.engine import Database
from zos.observe.importer import Importer

config = Config.model_validate({"data_dir": sys.argv[1]})

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()

async def main():
    database = Database(config)
    await database.connect()
    importer = Importer(database, ConsentStore(database, config), config)
    await importer.import_paths([Path(sys.argv[2])])
    before, highest = resident(), 0

    def tell(*told):
        nonlocal highest
        highest = max(highest, resident())

    report = await importer.import_paths([Path(sys.argv[3])], progress=tell)
    await database.close()
    print(json.dumps({"grown": highest - before, "messages": report.total("messages")}))

asyncio.run(main())
"""


def big_archive(path: Path, size_bytes: int) -> int:
    """Write an archive of at least `size_bytes`, message by message; return how many it holds."""
    text = "a long evening of talk about nothing in particular " * 40
    count = 0
    with path.open("w", encoding="utf-8") as out:
        head = json.dumps(export([]))
        before, after = head.split('"messages": []', 1)
        out.write(before + '"messages": [')
        while out.tell() < size_bytes:
            count += 1
            out.write(("," if count > 1 else "") + json.dumps(said(count, 11 + count % 50, text)))
        out.write("]" + after)
    return count


@pytest.fixture
def fifty_megabytes(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    path = tmp_path / "big.json"
    count = big_archive(path, 50_000_000)
    yield path, count
    path.unlink()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's view of memory")
def test_fifty_megabytes_pass_through_little_memory(
    tmp_path: Path, fifty_megabytes: tuple[Path, int]
) -> None:
    path, count = fifty_megabytes
    small = archive(tmp_path / "small.json", 3_000)  # caches and code are there before the count

    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "data"), str(small), str(path)],
        capture_output=True,
        check=False,
        env={**os.environ, "MALLOC_ARENA_MAX": "2"},
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["messages"] == count - 3_000
    assert told["grown"] < SQLITE_CACHE_BYTES + 32_000_000  # read whole, it takes some 200 MB
