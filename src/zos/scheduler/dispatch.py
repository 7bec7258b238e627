"""Dispatch: from an opened run to somebody who carries it out.

`Dispatcher` is the port. `InlineDispatcher` is its back end within this process: runs of one layer
one after the other, runs of different layers side by side, bounded. What it knows it could lose:
the truth is the run's row, and what is left over there is submitted again.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Protocol

from zos.reflect.runs.model import LayerRun
from zos.scheduler.tasks import Tasks

RETRY_SECONDS = 1.0


class Dispatcher(Protocol):
    """Sees to it that opened runs are carried out."""

    @property
    def is_draining(self) -> bool:
        """Whether it takes on nothing more."""
        ...

    def submit(self, run: LayerRun) -> None:
        """Take on a run; nothing happens if it was taken on already. Never blocks."""
        ...

    def holds(self, run_id: str) -> bool:
        """Return whether the run was taken on here and is not finished."""
        ...

    async def wait(self, run_id: str) -> None:
        """Return once the run is not held any more."""
        ...

    async def cancel(self, run_id: str) -> None:
        """Stop working on the run, if it is held, and return once that is so."""
        ...

    async def drain(self, seconds: float) -> None:
        """Take on nothing more, give what is being worked on `seconds` to end, and stop the rest."""
        ...


class InlineDispatcher:
    """Carries runs out in this process.

    Args:
        carry_out: Works on a run; returns whether it is done with it, or is to be asked again.
        concurrency: Runs at work at one time.
        retry_seconds: How long a run waits while another process runs its layer.
    """

    def __init__(
        self,
        carry_out: Callable[[LayerRun], Awaitable[bool]],
        *,
        concurrency: int,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._carry_out = carry_out
        self._retry_seconds = retry_seconds
        self._places = asyncio.Semaphore(concurrency)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._held: dict[str, asyncio.Task[None]] = {}
        self._at_work: set[str] = set()
        self._tasks = Tasks()
        self._draining = False

    @property
    def is_draining(self) -> bool:
        """Whether it takes on nothing more."""
        return self._draining

    def submit(self, run: LayerRun) -> None:
        """Take on a run; nothing happens if it was taken on already, or while draining."""
        if run.id not in self._held and not self._draining:
            task = self._tasks.spawn(self._work(run), f"run:{run.id}")
            self._held[run.id] = task
            task.add_done_callback(lambda _: self._held.pop(run.id, None))

    def holds(self, run_id: str) -> bool:
        """Return whether the run was taken on here and is not finished."""
        return run_id in self._held

    async def wait(self, run_id: str) -> None:
        """Return once the run is not held any more."""
        task = self._held.get(run_id)
        if task is not None:
            await asyncio.wait([task])

    async def cancel(self, run_id: str) -> None:
        """Stop working on the run, if it is held, and return once that is so."""
        task = self._held.get(run_id)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def drain(self, seconds: float) -> None:
        """Take on nothing more, give what is being worked on `seconds` to end, and stop the rest.

        A run that has not begun is left alone: its row is queued, and is taken on at the next start.
        """
        self._draining = True
        for run_id, task in self._held.items():
            if run_id not in self._at_work:
                task.cancel()
        if self._held:
            await asyncio.wait(self._held.values(), timeout=seconds)
        self._tasks.cancel()
        await self._tasks.settle()

    async def _work(self, run: LayerRun) -> None:
        async with self._turns[run.layer]:
            while not await self._attempt(run):  # noqa: ASYNC110 - another process sets no event
                await asyncio.sleep(self._retry_seconds)

    async def _attempt(self, run: LayerRun) -> bool:
        async with self._places:
            self._at_work.add(run.id)
            try:
                return await self._carry_out(run)
            finally:
                self._at_work.discard(run.id)
