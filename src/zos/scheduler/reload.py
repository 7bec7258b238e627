"""Hot reload: tells when the files that define layers may have changed.

In: folders, and a hang-up signal. Out: a call for every bunch of changes.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from watchfiles import awatch

log = structlog.get_logger(__name__)

_UNSUPPORTED = (NotImplementedError, RuntimeError, ValueError, AttributeError)
"""No such signal here, or not the main thread."""


_QUIET_MS = 2_000


async def watch(folders: Sequence[Path], changed: Callable[[], Awaitable[None]]) -> None:
    """Call `changed` whenever something below one of `folders` has changed; never returns.

    A folder that does not exist yet is not watched: `SIGHUP` or a restart makes it known.
    """
    present = [folder for folder in folders if folder.is_dir()]
    if not present:
        return
    looked = False
    async for changes in awatch(
        *present, recursive=True, rust_timeout=_QUIET_MS, yield_on_timeout=True
    ):
        if changes:
            log.info("layer_files_changed", files=sorted({Path(path).name for _, path in changes}))
        elif looked:
            continue
        # The first quiet moment counts too: a file may have changed before the watch began.
        looked = True
        await changed()


def on_hangup(loop: asyncio.AbstractEventLoop, call: Callable[[], object]) -> None:
    """Call `call` on every SIGHUP, where there is such a thing."""
    with suppress(*_UNSUPPORTED):
        loop.add_signal_handler(signal.SIGHUP, call)


def no_hangup(loop: asyncio.AbstractEventLoop) -> None:
    """Undo `on_hangup`."""
    with suppress(*_UNSUPPORTED):
        loop.remove_signal_handler(signal.SIGHUP)
