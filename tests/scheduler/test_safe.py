"""The timer in real time: it fires, it never dies, and it hands over only what it has stored."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from time import perf_counter
from zoneinfo import ZoneInfo

import apscheduler.schedulers.base
import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from structlog.testing import capture_logs

from zos.reflect.schedule import parse_schedule
from zos.scheduler.crontab import CrontabTrigger
from zos.scheduler.jobs.codec import JOB_OPTIONS, job_id, job_name
from zos.scheduler.jobs.entry import REFERENCE
from zos.scheduler.jobs.store import JsonJobStore
from zos.scheduler.safe import MAX_SLEEP_SECONDS, RETRY_SECONDS, SafeScheduler
from zos.scheduler.slot_executor import DueLayer, SlotExecutor


class Fired:
    """Collects what the executor fires, wake-up by wake-up."""

    def __init__(self) -> None:
        self.wakeups: list[list[str]] = []
        self.slots: list[datetime] = []
        self.arrived = asyncio.Event()

    def __call__(self, due: Sequence[DueLayer]) -> None:
        self.wakeups.append([one.layer for one in due])
        self.slots += [one.slot for one in due]
        self.arrived.set()


@pytest.fixture
def fired() -> Fired:
    return Fired()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "zos.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    return path


@pytest.fixture
async def scheduler(path: Path, fired: Fired) -> AsyncIterator[SafeScheduler]:
    opened = SafeScheduler(JsonJobStore(str(path)), SlotExecutor(fired))
    opened.start(paused=True)
    yield opened
    if opened.running:
        opened.shutdown()


def add(scheduler: AsyncIOScheduler, layer: str, fire: datetime, offset_seconds: int = 0) -> None:
    trigger = CrontabTrigger(parse_schedule("0 3 1 1 *"), ZoneInfo("UTC"), offset_seconds)
    scheduler.add_job(
        REFERENCE,
        trigger,
        args=(layer,),
        id=job_id(layer),
        name=job_name(layer),
        next_run_time=fire,
    )


def soon(seconds: float = 0.2) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def arrival(fired: Fired, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        await fired.arrived.wait()


async def test_a_due_job_fires_with_its_slot_and_is_stored_as_fired(
    scheduler: SafeScheduler, fired: Fired
) -> None:
    at = soon()
    add(scheduler, "nightly", at, offset_seconds=90)
    scheduler.resume()
    await arrival(fired)
    assert fired.wakeups == [["nightly"]]
    assert fired.slots[0] == pytest.approx(at - timedelta(seconds=90), abs=timedelta(seconds=0.001))
    assert scheduler.get_job("layer:nightly").next_run_time > at


async def test_all_that_is_due_is_fired_in_one_go(scheduler: SafeScheduler, fired: Fired) -> None:
    for number in range(20):
        add(scheduler, f"layer-{number}", soon(-number))
    scheduler.resume()
    await arrival(fired)
    assert [len(wakeup) for wakeup in fired.wakeups] == [20]


async def test_a_lock_of_three_seconds_delays_a_fire_and_stalls_nothing(
    scheduler: SafeScheduler, fired: Fired, path: Path
) -> None:
    add(scheduler, "nightly", soon(0.1))
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        scheduler.resume()
        stalls = await _watch_the_loop(seconds=3.0)
        assert fired.wakeups == []
        writer.execute("COMMIT")
    await arrival(fired, RETRY_SECONDS * 3)
    # What stalls each of the timer's tries does so three times, which a busy machine's hiccup does not.
    assert sorted(stalls)[-3] < 0.1
    assert max(stalls) < 1
    assert fired.wakeups == [["nightly"]]


async def test_apschedulers_own_timer_dies_of_such_a_lock(path: Path, fired: Fired) -> None:
    naive = AsyncIOScheduler(
        jobstores={"default": JsonJobStore(str(path))},
        executors={"default": SlotExecutor(fired)},
        job_defaults=JOB_OPTIONS,
        timezone=UTC,
    )
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    naive.start(paused=True)
    add(naive, "nightly", soon(0.1))
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        naive.resume()
        await asyncio.sleep(0.5)
        writer.execute("COMMIT")
    assert naive._timeout is None
    naive.shutdown(wait=False)
    await asyncio.sleep(0)


async def test_it_never_sleeps_for_long_and_is_always_armed(scheduler: SafeScheduler) -> None:
    add(scheduler, "nightly", soon(86_400))
    scheduler.resume()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    ahead = scheduler._timeout.when() - asyncio.get_running_loop().time()
    assert 0 < ahead <= MAX_SLEEP_SECONDS


async def test_a_bug_in_what_it_fires_does_not_stop_it(path: Path) -> None:
    arrived = asyncio.Event()

    def fail(_due: Sequence[DueLayer]) -> None:
        arrived.set()
        raise ValueError("a bug")

    scheduler = SafeScheduler(JsonJobStore(str(path)), SlotExecutor(fail))
    scheduler.start(paused=True)
    add(scheduler, "nightly", soon(-1))
    with capture_logs() as logs:
        scheduler.resume()
        async with asyncio.timeout(5):
            await arrived.wait()
    assert [line["event"] for line in logs] == ["wakeup_failed"]
    assert scheduler.is_armed
    scheduler.shutdown()


async def test_a_clock_that_is_set_forward_is_noticed_at_the_next_look(
    path: Path, fired: Fired, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stepped(datetime):
        """The machine's clock as APScheduler reads it, which somebody corrects by 40 minutes."""

        step = timedelta(0)

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Stepped:
            return cls.fromtimestamp((datetime.now(tz) + cls.step).timestamp(), tz)

    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", Stepped)
    scheduler = SafeScheduler(JsonJobStore(str(path)), SlotExecutor(fired), max_sleep_seconds=0.2)
    scheduler.start(paused=True)
    add(scheduler, "nightly", datetime.now(UTC) + timedelta(minutes=30))
    scheduler.resume()
    await asyncio.sleep(0.3)
    assert fired.wakeups == []
    Stepped.step = timedelta(minutes=40)
    await arrival(fired, 2)
    assert fired.wakeups == [["nightly"]]
    scheduler.shutdown()


async def test_nothing_fires_after_a_shutdown(scheduler: SafeScheduler, fired: Fired) -> None:
    add(scheduler, "nightly", soon(-1))
    scheduler.resume()
    scheduler.shutdown()
    await asyncio.sleep(0.05)
    assert fired.wakeups == []
    assert not scheduler.running


async def _watch_the_loop(seconds: float) -> list[float]:
    """Return for how long the loop did not come round, each time."""
    stalls: list[float] = []
    until = perf_counter() + seconds
    while (before := perf_counter()) < until:
        await asyncio.sleep(0.005)
        stalls.append(perf_counter() - before)
    return stalls
