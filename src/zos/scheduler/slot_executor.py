"""`SlotExecutor`: what APScheduler hands its due jobs to.

In: jobs with the times they were due. Out: one call of `fire` for all that one wake-up found due,
once the timer has stored that it woke them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apscheduler.executors.base import BaseExecutor
from apscheduler.job import Job


@dataclass(frozen=True, slots=True)
class DueLayer:
    """A layer that the timer woke.

    Attributes:
        slot: The nominal time of the fire (UTC), without the layer's offset.
    """

    layer: str
    slot: datetime


class SlotExecutor(BaseExecutor):  # type: ignore[misc]  # APScheduler ships no types
    """Fires layers instead of calling the function that their jobs name.

    Args:
        fire: Takes everything that one wake-up found due; it must not block.
    """

    def __init__(self, fire: Callable[[Sequence[DueLayer]], None]) -> None:
        super().__init__()
        self._fire = fire
        self._due: list[DueLayer] = []

    def submit_job(self, job: Job, run_times: list[datetime]) -> None:
        """Remember a due job until `flush`. Overlap is decided by runs, not by counting here."""
        self._do_submit_job(job, run_times)

    def _do_submit_job(self, job: Job, run_times: list[datetime]) -> None:
        offset = timedelta(seconds=job.trigger.offset_seconds)
        (layer,) = job.args
        self._due.append(DueLayer(layer, run_times[0] - offset))

    def flush(self) -> None:
        """Fire what was submitted."""
        due, self._due = self._due, []
        if due:
            self._fire(due)

    def discard(self) -> None:
        """Forget what was submitted: the store still holds it as due."""
        self._due = []
