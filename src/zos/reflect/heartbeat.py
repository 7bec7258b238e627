"""The sign of life of a running run, and what happens when nobody believes it any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import structlog

from zos.core.errors import DatabaseError
from zos.reflect.runs.store import RunStore
from zos.reflect.targets.store import LostRunError

log = structlog.get_logger(__name__)


@asynccontextmanager
async def heartbeat(
    runs: RunStore, run_id: str, *, owner: str, every_seconds: float, now: Callable[[], datetime]
) -> AsyncIterator[None]:
    """Keep a run's heartbeat going while the body runs.

    Raises:
        LostRunError: The run was taken over: the body is cancelled, since its commits would be refused.
    """
    body = asyncio.current_task()
    lost = False

    async def beat() -> None:
        nonlocal lost
        while True:
            await asyncio.sleep(every_seconds)
            if not await _beat_once(runs, run_id, owner, now()):
                lost = True
                if body is not None:
                    body.cancel()
                return

    task = asyncio.create_task(beat(), name=f"heartbeat:{run_id}")
    try:
        yield
    except asyncio.CancelledError:
        if lost and body is not None and body.uncancel() == 0:
            raise LostRunError from None
        raise
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _beat_once(runs: RunStore, run_id: str, owner: str, now: datetime) -> bool:
    try:
        return await runs.heartbeat(run_id, owner=owner, now=now)
    except DatabaseError as error:
        log.warning("heartbeat_not_written", run=run_id, error=str(error))
        return True
