"""Files and signals that call for a reload."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

from zos.scheduler.reload import no_hangup, on_hangup, watch


async def test_a_written_file_is_noticed(tmp_path: Path) -> None:
    changed = asyncio.Event()

    async def notice() -> None:
        changed.set()

    watching = asyncio.create_task(watch([tmp_path, tmp_path / "missing"], notice))
    async with asyncio.timeout(10):
        while not changed.is_set():  # the watcher takes a moment to begin
            await asyncio.to_thread((tmp_path / "nightly.yaml").write_text, "name: nightly")
            await asyncio.sleep(0.1)
    watching.cancel()


async def test_nothing_to_watch_is_no_error(tmp_path: Path) -> None:
    async def never() -> None:
        raise AssertionError

    async with asyncio.timeout(5):
        await watch([tmp_path / "missing"], never)


async def test_a_hangup_calls_and_no_longer_after_it_is_undone() -> None:
    loop = asyncio.get_running_loop()
    heard = asyncio.Event()
    on_hangup(loop, heard.set)
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(5):
        await heard.wait()
    no_hangup(loop)
    no_hangup(loop)
