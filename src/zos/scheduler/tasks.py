"""Background tasks with an owner: kept from being collected, logged when they fail, cancelled at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)


class Tasks:
    """The tasks of one owner."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run `work` in the background."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def cancel(self) -> None:
        """Cancel all of them; each ends as soon as the loop comes round."""
        for task in tuple(self._running):
            task.cancel()

    async def settle(self, seconds: float | None = None) -> None:
        """Wait until none is running, without passing on what went wrong in them.

        Args:
            seconds: What takes longer is cancelled; None: wait as long as it takes.
        """
        if self._running and seconds is not None:
            await asyncio.wait(self._running, timeout=seconds)
            self.cancel()
        while self._running:
            await asyncio.wait(self._running)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("task_failed", task=task.get_name(), error=str(error), exc_info=error)
