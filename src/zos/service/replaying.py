"""`replay`: the rooms joined on a clock that jumps from slot to slot."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from zos.config import Config
from zos.core.clock import Clock, SimulatedClock
from zos.scheduler.replay import Replay, ReplayReport
from zos.scheduler.replay.course import Progress
from zos.service.services import build_services


async def replay(
    config: Config,
    first: date,
    last: date,
    progress: Progress | None = None,
    *,
    present: Clock | None = None,
) -> ReplayReport:
    """Let layers reflect on stored history as if they had run on time.

    Args:
        config: The whole configuration.
        first: The first day (UTC).
        last: The last day (UTC), included.
        progress: Is told the slots done, how many there are, and which one is at work.
        present: What has not come yet by this clock cannot be replayed; the machine's unless given.

    Raises:
        ReplayError: If the range is not in the past, or its slots would see what came after them.
        StillRunningError: If a service runs on this database.
        DatabaseError: If there is no database, or it cannot be used.
    """
    clock = SimulatedClock(datetime.combine(first, time(), UTC))
    async with build_services(config, clock=clock, migrate=False) as services:
        await services.settle_self_concept()
        course = Replay(
            services.executor,
            services.loader,
            services.selector,
            config,
            booker=services.booker,
            clock=clock,
            present=present,
        )
        try:
            return await course.run(first, last, progress)
        finally:
            await services.settle_self_concept()
