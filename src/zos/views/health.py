"""How the service is: whether it can do its work, and what deserves a look.

In: the store, the jobs, and whether the scheduler runs. Out: one line a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from zos.core.errors import DatabaseError
from zos.db.engine import Database, ping
from zos.views.jobs import JobList, JobsView


@dataclass(frozen=True, slots=True)
class Health:
    """How the service is.

    Attributes:
        ready: Whether layers will run as promised.
        obstacles: Why not, in words.
        notices: What does not stop the service but deserves a look.
    """

    ready: bool
    obstacles: tuple[str, ...]
    notices: tuple[str, ...]


class HealthView:
    """Looks at the store and the jobs.

    Args:
        database: The store.
        jobs: The jobs.
    """

    def __init__(self, database: Database, jobs: JobsView) -> None:
        self._database = database
        self._jobs = jobs

    async def report(self, now: datetime, *, scheduler_runs: bool) -> Health:
        """Return how the service is at `now`."""
        obstacles = () if scheduler_runs else ("The scheduler does not run: no layer will fire.",)
        try:
            await ping(self._database)
            jobs = await self._jobs.all(now)
        except DatabaseError as error:
            return Health(False, (*obstacles, str(error)), ())
        return Health(scheduler_runs, obstacles, tuple(_notices(jobs)))


def _notices(jobs: JobList) -> Iterator[str]:
    for job in jobs.jobs:
        if job.overdue_since is not None and job.enabled:
            yield f"{job.layer} should have fired at {job.overdue_since.isoformat()}."
        if job.failures_in_row:
            yield f"{job.layer} has failed {job.failures_in_row} times in a row."
        if job.paused is not None:
            yield f"{job.layer} is {job.paused}."
    yield from (f"Layer file {problem}" for problem in jobs.problems)
    yield from (f"The job store holds a row that is no job of Zos: {row}." for row in jobs.parked)
