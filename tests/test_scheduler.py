"""The scheduler's six test cases, by name, with APScheduler's real timer and a real database file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.schedulers.base import STATE_RUNNING
from structlog.testing import capture_logs
from tests.acceptance.stepped_clock import SteppedClock
from tests.scheduler.conftest import Stage, server, stage, until

from zos.core.clock import SimulatedClock
from zos.reflect.runs.model import LayerRun
from zos.reflect.states import RunStatus, Trigger
from zos.scheduler import ReflectionScheduler

__all__ = ["server", "stage"]  # the fixtures of the scheduler's stage


@pytest.fixture
async def started(stage: Stage) -> AsyncIterator[ReflectionScheduler]:
    """A scheduler that runs in real time, with `nightly` among its layers."""
    stage.real_time()
    stage.write()
    await stage.talk()
    scheduler = stage.scheduler()
    with capture_logs():
        scheduler.start()
        await settled(scheduler)
    yield scheduler
    if scheduler.is_running:
        await scheduler.drain(0)
        scheduler.stop()


async def settled(scheduler: ReflectionScheduler) -> None:
    """Wait until the scheduler has begun: its timer runs."""

    async def begun() -> bool:
        return bool(scheduler.scheduler.state == STATE_RUNNING)

    await until(begun)


async def test_layers_register_on_startup(started: ReflectionScheduler) -> None:
    jobs = {job.id: job for job in started.scheduler.get_jobs()}
    job = jobs["layer:nightly"]
    assert job.name == "Reflection: nightly"
    assert (job.next_run_time.hour, job.next_run_time.minute) == (3, 0)
    assert job.next_run_time > datetime.now(UTC)
    assert {"layer:nightly-user-reflection", "layer:weekly-self-reflection"} <= jobs.keys()


async def test_cron_triggers_at_correct_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The layer is due at the next full minute of a clock that runs in real time, and runs then."""
    stage.real_time()
    monkeypatch.setattr(SteppedClock, "ahead", timedelta(0))
    monkeypatch.setattr("zos.core.clock.datetime", SteppedClock)
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", SteppedClock)
    SteppedClock.approach(timedelta(seconds=3))
    stage.write(schedule="* * * * *")
    await stage.talk()
    scheduler = stage.scheduler()
    with capture_logs() as logs:
        scheduler.start()
        await settled(scheduler)
        due = scheduler.scheduler.get_job("layer:nightly").next_run_time
        (run, *_) = await stage.until_ended(seconds=75)
        await scheduler.drain(5)
        scheduler.stop()
    assert due.second == due.microsecond == 0
    assert (run.slot, run.trigger) == (due, Trigger.SCHEDULE)
    assert run.started_at is not None
    assert timedelta(0) <= run.started_at - due < timedelta(seconds=1)
    events = [line["event"] for line in logs]
    assert events[0] == "layer_scheduled"
    for event in ("scheduler_started", "layer_triggered", "layer_completed", "scheduler_stopped"):
        assert event in events


async def test_manual_trigger_works(started: ReflectionScheduler) -> None:
    run = await started.trigger_now("nightly")
    assert run is not None
    assert (run.status.value, run.insights_created) == ("success", 1)
    assert run.trigger is Trigger.MANUAL
    with capture_logs() as logs:
        assert await started.trigger_now("unknown") is None
        assert await started.trigger_now("nightly") is None  # nothing new to think about
    events = {line["event"] for line in logs}
    assert {"layer_not_found", "no_topics_selected"} <= events


async def test_missed_jobs_coalesce(stage: Stage) -> None:
    """Three hourly slots pass while nothing runs: the newest runs, and answers for the others."""
    stage.real_time()
    stage.write(schedule="@hourly", misfire_grace_time=4 * 3600)
    await stage.talk()
    await asleep_for(stage, timedelta(hours=3))
    scheduler = stage.scheduler()
    scheduler.start()
    runs = await stage.until_ended(3)
    await scheduler.drain(5)
    scheduler.stop()
    (ran,) = [run for run in runs if run.started_at is not None]
    assert (ran.status, ran.trigger) == (RunStatus.SUCCESS, Trigger.CATCH_UP)
    others = [run for run in runs if run is not ran]
    assert {(run.status, run.coalesced_into) for run in others} == {(RunStatus.COALESCED, ran.id)}
    assert all(before.slot < ran.slot for before in others if before.slot and ran.slot)


async def test_job_persists_across_restart(stage: Stage) -> None:
    stage.real_time()
    stage.write()
    first = stage.scheduler()
    first.start()
    await settled(first)
    await first.pause("nightly", by="ada", note="moving")
    kept = first.scheduler.get_job("layer:nightly").next_run_time
    await first.drain(0)
    first.stop()
    second = stage.scheduler()
    second.start()
    await settled(second)
    job = second.scheduler.get_job("layer:nightly")
    assert job.next_run_time == kept
    overdue = datetime.now(UTC) - timedelta(hours=1)
    second.scheduler.pause()
    second.scheduler.modify_job("layer:nightly", next_run_time=overdue)
    await second.drain(0)
    second.stop()
    third = stage.scheduler()
    third.start()
    assert third.scheduler.get_job("layer:nightly").next_run_time == overdue
    await settled(third)
    await third.drain(0)
    third.stop()


async def test_self_reflection_threshold_works(stage: Stage) -> None:
    """Two insights by another layer start the layer whose threshold is two, once."""
    stage.real_time()
    stage.write()
    stage.write("watcher", schedule=None, trigger_threshold=2)
    topics = await stage.talk(2)
    scheduler = stage.scheduler()
    with capture_logs() as logs:
        scheduler.start()
        await settled(scheduler)
        run = await scheduler.request("nightly", by="ada", topics=topics)
        assert (await scheduler.wait(run.id)).insights_created == 2
        (reaction,) = await stage.until_ended(layer="watcher")
        assert await scheduler.check_self_reflection_trigger() == []
        await scheduler.drain(5)
        scheduler.stop()
    assert reaction.trigger is Trigger.THRESHOLD
    (reached,) = [line for line in logs if line["event"] == "self_reflection_threshold_reached"]
    assert (reached["layer"], reached["count"]) == ("watcher", 2)


async def asleep_for(stage: Stage, length: timedelta) -> list[LayerRun]:
    """Register the layers as if that had been so long ago, and the service had slept since."""
    present, stage.clock = stage.clock, SimulatedClock(datetime.now(UTC) - length)
    scheduler = stage.scheduler()
    scheduler.start()
    await settled(scheduler)
    await scheduler.drain(0)
    scheduler.stop()
    stage.clock = present
    return await stage.runs()
