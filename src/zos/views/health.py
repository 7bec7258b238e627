"""How the service is: whether it can do its work, and what deserves a look.

In: the store, the jobs, and whether the scheduler runs. Out: one line a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zos.core.errors import DatabaseError
from zos.db.engine import Database, ping
from zos.views.jobs import JobList, JobStatus, JobsView


class DiscordState(StrEnum):
    """How the connection to Discord stands."""

    OFF = "off"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, slots=True)
class DiscordStatus:
    """The connection to Discord.

    Attributes:
        state: `off` without a token; `disconnected` once Discord has refused, until a restart.
        reason: Why it is not connected, in words.
        servers: Servers that Zos is in.
        waiting: Events that wait to be recorded.
        catching_up: Channels whose missing messages are being fetched.
        recorded: Events recorded since the start.
        malformed: Payloads that were passed over, as they were not what Discord documents.
        passed_over: Events that the store could not take.
    """

    state: DiscordState = DiscordState.OFF
    reason: str = ""
    servers: int = 0
    waiting: int = 0
    catching_up: int = 0
    recorded: int = 0
    malformed: int = 0
    passed_over: int = 0


NO_DISCORD = DiscordStatus()
NO_SCHEDULER = "The scheduler does not run: no layer will fire."


@dataclass(frozen=True, slots=True)
class Notice:
    """What does not stop the service but deserves a look. `layer`: the one that it is about, if any."""

    text: str
    layer: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """How the service is.

    Attributes:
        ready: Whether layers will run as promised.
        obstacles: Why not, in words.
        notices: What does not stop the service but deserves a look.
        discord: The connection to Discord: without it layers think about what they have.
    """

    ready: bool
    obstacles: tuple[str, ...]
    notices: tuple[str, ...]
    discord: DiscordStatus = NO_DISCORD


class HealthView:
    """Looks at the store and the jobs.

    Args:
        database: The store.
        jobs: The jobs.
    """

    def __init__(self, database: Database, jobs: JobsView) -> None:
        self._database = database
        self._jobs = jobs

    async def report(
        self, now: datetime, *, scheduler_runs: bool, discord: DiscordStatus = NO_DISCORD
    ) -> Health:
        """Return how the service is at `now`."""
        obstacles = () if scheduler_runs else (NO_SCHEDULER,)
        try:
            await ping(self._database)
            jobs = await self._jobs.all(now)
        except DatabaseError as error:
            return Health(False, (*obstacles, str(error)), (), discord)
        texts = tuple(one.text for one in notices(jobs, discord))
        return Health(scheduler_runs, obstacles, texts, discord)


def notices(jobs: JobList, discord: DiscordStatus) -> Iterator[Notice]:
    """Yield what deserves a look about `jobs` and the connection."""
    if discord.state is DiscordState.DISCONNECTED:
        yield Notice(f"Discord is disconnected: {discord.reason}")
    elif discord.state is DiscordState.CONNECTING and discord.reason:
        yield Notice(f"Discord is being reconnected: {discord.reason}")
    for job in jobs.jobs:
        yield from (Notice(f"{job.layer} {text}", job.layer) for text in _about(job))
    yield from (Notice(f"Layer file {problem}") for problem in jobs.problems)
    yield from (
        Notice(f"The job store holds a row that is no job of Zos: {row}.") for row in jobs.parked
    )


def _about(job: JobStatus) -> Iterator[str]:
    if job.overdue_since is not None and job.enabled:
        yield f"should have fired at {job.overdue_since.isoformat()}."
    if job.failures_in_row:
        times = "once" if job.failures_in_row == 1 else f"{job.failures_in_row} times in a row"
        yield f"has failed {times}."
    if job.paused is not None:
        yield f"is {job.paused.words}."
