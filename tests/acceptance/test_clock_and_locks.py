"""Slots that pass while the service is dead, the clock jumps, the database is locked, or the layer runs already."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from time import perf_counter

import pytest
from tests.acceptance.conftest import GOOD, Home, Process, until
from tests.acceptance.stepped_clock import LEAD, STEP
from tests.fakes.model_server import Reply

from zos.scheduler.safe import MAX_SLEEP_SECONDS

SLOT_IN = timedelta(minutes=30)
MINUTELY = "* * * * *"


@pytest.fixture
def slot() -> datetime:
    """A slot in half an hour."""
    return (datetime.now(UTC) + SLOT_IN).replace(second=0, microsecond=0)


def daily_at(slot: datetime) -> str:
    return f"{slot.minute} {slot.hour} * * *"


async def test_a_slot_that_passed_runs_once_within_its_grace_and_is_missed_once_after_it(
    home: Home, slot: datetime
) -> None:
    home.write_layer(schedule=daily_at(slot))
    home.write_layer("hasty", schedule=daily_at(slot), misfire_grace_time=2400)
    service = await home.serve()
    await home.reload()
    await service.kill()
    assert await home.runs() == await home.runs("hasty") == []

    for minutes in (50, 55):
        ahead = SLOT_IN + timedelta(minutes=minutes)
        service = await home.serve(ahead_seconds=ahead.total_seconds())
        await home.reload()
        (run,) = await home.until_ended()
        assert (run.slot, run.trigger, run.status) == (slot, "catch_up", "success")
        assert run.insights_created > 0
        (missed,) = await home.runs("hasty")
        assert (missed.slot, missed.status, missed.slot_count) == (slot, "missed", 1)
        assert missed.reason == "not started within its grace time of 40 min"
        assert missed.started_at is None
        await service.kill()


async def test_a_clock_set_forward_by_40_minutes_fires_within_30_seconds(
    home: Home, slot: datetime
) -> None:
    home.write_layer(schedule=daily_at(slot))
    service = await home.serve(ahead_seconds=0)
    await home.reload()
    service.send(signal.SIGUSR1)
    stepped = datetime.now(UTC) + STEP
    (run,) = await home.until_ended()
    assert (run.slot, run.trigger, run.status) == (slot, "catch_up", "success")
    assert run.created_at - stepped < timedelta(seconds=MAX_SLEEP_SECONDS + 2)


@asynccontextmanager
async def approaching_a_slot(home: Home) -> AsyncIterator[tuple[Process, float]]:
    """A service whose minutely layer fires in a few seconds, and `perf_counter()` at that time."""
    service = await home.serve(ahead_seconds=0)
    service.send(signal.SIGUSR2)
    fires_at = perf_counter() + LEAD.total_seconds()
    home.write_layer(schedule=MINUTELY)
    await home.reload()
    assert perf_counter() < fires_at - 1, "the machine is too busy to see a slot coming"
    yield service, fires_at


async def test_a_write_lock_of_three_seconds_at_fire_time_delays_the_fire_and_stalls_nothing(
    home: Home,
) -> None:
    async with approaching_a_slot(home) as (_, fires_at):
        database = home.config.data_dir / "zos.db"
        with closing(sqlite3.connect(database, isolation_level=None)) as writer:
            await asyncio.sleep(fires_at - perf_counter() - 0.5)
            writer.execute("BEGIN IMMEDIATE")
            answers = await answer_seconds(home, until_time=fires_at + 2.5)
            assert await home.runs() == []
            writer.execute("COMMIT")
        (run,) = await home.until_ended()
    assert (run.trigger, run.status) == ("schedule", "success")
    assert run.slot is not None
    assert timedelta(seconds=2) < run.created_at - run.slot < timedelta(seconds=8)
    # No stall for as long as the lock; and what stalls each of the timer's tries does so three times,
    # which one slow answer of a busy machine does not.
    assert max(answers) < 1.5
    assert sorted(answers)[-3] < 0.1


async def answer_seconds(home: Home, *, until_time: float) -> list[float]:
    """Return how long each answer took that was asked for, one after the other, until then."""
    taken = []
    async with home.http() as client:
        while (asked := perf_counter()) < until_time:
            assert (await client.get("/healthz")).is_success
            taken.append(perf_counter() - asked)
            await asyncio.sleep(0.01)
    return taken


async def test_a_slot_that_comes_while_somebody_runs_the_layer_waits_for_its_turn(
    home: Home,
) -> None:
    home.settings(reflect={"target_concurrency": 1})
    async with approaching_a_slot(home):
        home.server.default = Reply(GOOD.data, delay_seconds=LEAD.total_seconds() / 2)
        asked = await home.trigger(topics=home.topics[:3])

        async def waiting() -> bool:
            return [run.status for run in await home.runs()] == ["running", "queued"]

        await until(waiting)
        home.server.default = GOOD
        manual, scheduled = await home.until_ended(2)
    assert (manual.id, manual.trigger, manual.status) == (asked, "manual", "success")
    assert (scheduled.trigger, scheduled.status) == ("schedule", "success")
    assert manual.finished_at is not None
    assert scheduled.started_at is not None
    assert scheduled.started_at >= manual.finished_at
