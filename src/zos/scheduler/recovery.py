"""Recovery: finds unfinished runs that nobody works on, and hands them to the dispatcher.

A run may have been queued by a process that died before it began, interrupted by a drain, or left
`running` by a death. A dead process of this machine is known at once; of another machine only the
missing heartbeat tells.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from zos.core.clock import Clock
from zos.reflect.runs.model import LayerRun
from zos.reflect.runs.owner import is_known_dead
from zos.reflect.runs.store import RunStore
from zos.reflect.states import RunStatus
from zos.scheduler.dispatch import Dispatcher

log = structlog.get_logger(__name__)

SETTLING = timedelta(seconds=10)
"""How long a freshly opened run is left to the process that opened it."""


class Recovery:
    """Finds what was left behind.

    Args:
        runs: Run rows.
        dispatcher: Takes on runs.
        clock: The time.
        stall_seconds: Without a heartbeat for so long, a run is given up by its owner.
    """

    def __init__(
        self, runs: RunStore, dispatcher: Dispatcher, clock: Clock, *, stall_seconds: float
    ) -> None:
        self._runs = runs
        self._dispatcher = dispatcher
        self._clock = clock
        self._stall = timedelta(seconds=stall_seconds)

    async def sweep(self, layer: str | None = None, *, at_start: bool = False) -> list[LayerRun]:
        """Dispatch every run that was left behind, and return them, oldest first.

        Args:
            layer: Look at this layer only.
            at_start: Nobody else opens runs yet: queued ones are taken on whatever their age.
        """
        now = self._clock.now()
        left = [
            run
            for run in await self._runs.unfinished()
            if layer in (None, run.layer)
            and not self._dispatcher.holds(run.id)
            and self._is_left(run, now, at_start=at_start)
        ]
        left.sort(key=lambda run: (run.created_at, run.slot or run.created_at))
        for run in left:
            log.info("run_recovered", layer=run.layer, run=run.id, was=run.status.value)
            self._dispatcher.submit(run)
        return left

    def _is_left(self, run: LayerRun, now: datetime, *, at_start: bool) -> bool:
        match run.status:
            case RunStatus.RUNNING:
                if run.owner is not None and is_known_dead(run.owner):
                    return True
                return run.heartbeat_at is None or now - run.heartbeat_at > self._stall
            case RunStatus.QUEUED:
                return at_start or now - run.created_at > SETTLING
            case _:
                return True
