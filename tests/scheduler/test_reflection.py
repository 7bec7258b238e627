"""A scheduler's life: it begins by settling, follows its files, drains, and begins again where it was."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.schedulers.base import STATE_RUNNING
from structlog.testing import capture_logs
from tests.fakes.model_server import Reply
from tests.scheduler.conftest import GOOD, Stage, until
from tests.scheduler.test_pings import Watcher, watcher

from zos.core.errors import DatabaseError, LayerError, StillRunningError
from zos.db.tables import layer_state, model_call, run_target
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.states import RunStatus, TargetStatus, Trigger
from zos.scheduler import ReflectionScheduler
from zos.scheduler.jobs.store import JsonJobStore
from zos.scheduler.recovery import SETTLING

__all__ = ["watcher"]

only_sqlite = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


async def begun(scheduler: ReflectionScheduler) -> None:
    """Wait until the scheduler's timer runs."""

    async def runs() -> bool:
        return bool(scheduler.scheduler.state == STATE_RUNNING)

    await until(runs)


async def end(scheduler: ReflectionScheduler, seconds: float = 5) -> None:
    await scheduler.drain(seconds)
    scheduler.stop()


@pytest.fixture
async def scheduler(stage: Stage) -> AsyncIterator[ReflectionScheduler]:
    """A started scheduler with `nightly`, in real time."""
    stage.real_time()
    stage.write()
    made = stage.scheduler()
    made.start()
    await begun(made)
    yield made
    if made.is_running:
        await end(made)


def due_now(scheduler: ReflectionScheduler, layer: str = "nightly") -> None:
    """Let the timer find the layer's job overdue."""
    job = f"layer:{layer}"
    scheduler.scheduler.modify_job(job, next_run_time=datetime.now(UTC) - timedelta(seconds=1))


async def promised_since(stage: Stage, moment: datetime, layer: str = "nightly") -> None:
    """Move a layer's registration into the past: it owes what has been due since."""
    async with stage.database.write() as connection:
        row = layer_state.update().where(layer_state.c.layer == layer)
        await connection.execute(row.values(registered_at=moment))


async def test_it_runs_while_it_is_started_and_not_draining(
    scheduler: ReflectionScheduler,
) -> None:
    states = [scheduler.is_running]
    await scheduler.drain(0)
    states.append(scheduler.is_running)
    scheduler.stop()
    states.append(scheduler.is_running)
    assert states == [True, False, False]


async def test_a_wake_up_without_anything_owed_runs_nothing(
    scheduler: ReflectionScheduler, stage: Stage
) -> None:
    due_now(scheduler)

    async def rescheduled() -> bool:
        return bool(scheduler.scheduler.get_job("layer:nightly").next_run_time > datetime.now(UTC))

    await until(rescheduled)
    assert await stage.runs() == []


async def test_a_slot_missed_while_it_was_down_is_made_up_for_within_its_grace(
    stage: Stage,
) -> None:
    stage.real_time()
    stage.write(schedule="@hourly")
    await stage.talk()
    first = stage.scheduler()
    first.start()
    await begun(first)
    await end(first)
    await promised_since(stage, datetime.now(UTC) - timedelta(hours=1))
    second = stage.scheduler(misfire_grace_time=3600)
    second.start()
    (run,) = await stage.until_ended()
    await end(second)
    assert (run.status, run.slot and run.slot.minute) == (RunStatus.SUCCESS, 0)


async def test_a_slot_missed_for_longer_is_recorded_as_missed_once(stage: Stage) -> None:
    stage.real_time()
    stage.write()
    first = stage.scheduler()
    first.start()
    await begun(first)
    await end(first)
    slot = datetime.now(UTC).replace(hour=3, minute=0, second=0, microsecond=0)
    slot -= timedelta(days=2)
    await promised_since(stage, slot - timedelta(hours=1))
    logged: list[int] = []
    missed: list[LayerRun] = []
    for _ in range(2):
        again = stage.scheduler(misfire_grace_time=60)
        with capture_logs() as logs:
            again.start()
            await begun(again)
            await end(again)
        logged.append([line["event"] for line in logs].count("slots_missed"))
        missed = await stage.runs()
        assert {run.status for run in missed} == {RunStatus.MISSED}
        assert missed[0].slot == slot
    assert logged == [len(missed), 0]


@only_sqlite  # on a server, UNIQUE(layer, slot) keeps them apart
@pytest.mark.usefixtures("scheduler")
async def test_a_second_scheduler_on_the_same_file_is_refused(stage: Stage) -> None:
    with pytest.raises(StillRunningError, match="already running on this database"):
        stage.scheduler().start()


@only_sqlite  # which locks the whole store
async def test_a_three_second_lock_at_fire_time_delays_the_fire(stage: Stage) -> None:
    assert stage.database.path is not None
    stage.real_time()
    a_minute_ago = datetime.now(UTC) - timedelta(minutes=1)
    stage.write(schedule=f"{a_minute_ago:%M %H} * * *")
    await stage.talk()
    scheduler = stage.scheduler()
    scheduler.start()
    await begun(scheduler)
    await promised_since(stage, a_minute_ago - timedelta(minutes=1))
    with closing(sqlite3.connect(stage.database.path, isolation_level=None)) as writer:
        due_now(scheduler)
        writer.execute("BEGIN IMMEDIATE")
        await asyncio.sleep(3)
        assert await stage.runs() == []
        writer.execute("COMMIT")
    (run,) = await stage.until_ended()
    await end(scheduler)
    assert run.status is RunStatus.SUCCESS


async def test_a_planted_row_is_parked_and_its_layer_runs_on(stage: Stage) -> None:
    stage.real_time()
    stage.write()
    made = stage.scheduler()
    store = made.scheduler.jobs
    with store.transaction() as connection:
        row = {"id": "layer:nightly", "next_run_time": 1.0, "job_state": b"\x80\x04planted"}
        connection.execute(store.jobs_t.insert().values(row))
    with capture_logs() as logs:
        made.start()
        await begun(made)
    assert [line["job"] for line in logs if line["event"] == "job_parked"] == ["layer:nightly"]
    assert made.scheduler.get_job("layer:nightly") is not None
    assert [parked.was for parked in store.parked()] == ["layer:nightly"]
    await end(made)
    assert isinstance(store, JsonJobStore)


async def test_draining_lets_a_run_end_and_cancels_nothing(
    scheduler: ReflectionScheduler, stage: Stage
) -> None:
    stage.server.default = Reply(GOOD.data, delay_seconds=0.5)
    run = await scheduler.request("nightly", by="ada", topics=await stage.talk())
    await stage.until_running()
    await end(scheduler)
    ended = (await stage.runs())[0]
    assert (ended.id, ended.status) == (run.id, RunStatus.SUCCESS)


async def test_a_drain_takes_as_long_as_the_configuration_lets_it(stage: Stage) -> None:
    stage.real_time()
    stage.write()
    stage.server.default = Reply(hang=True)
    made = stage.scheduler(drain_seconds=0.1)
    made.start()
    await made.request("nightly", by="ada", topics=await stage.talk())
    await stage.until_running()
    async with asyncio.timeout(10):
        await made.drain()
    made.stop()
    assert (await stage.runs())[0].status is RunStatus.INTERRUPTED


async def test_as_many_layers_run_at_a_time_as_the_configuration_lets(stage: Stage) -> None:
    stage.real_time()
    stage.write()
    stage.write("second")
    stage.server.default = Reply(hang=True)
    made = stage.scheduler(concurrency=1)
    topics = await stage.talk()
    await made.request("nightly", by="ada", topics=topics)
    await stage.until_running()
    await made.request("second", by="ada", topics=topics)
    await asyncio.sleep(0.1)
    (waiting,) = await stage.runs("second")
    await made.drain(0)
    assert waiting.status is RunStatus.QUEUED


async def test_what_another_process_leaves_behind_is_taken_up_while_it_runs(stage: Stage) -> None:
    """At each heartbeat it looks for runs without one, and for queued ones that nobody took on."""
    stage.real_time()
    stage.write()
    settings = {"heartbeat_seconds": 0.05, "stall_seconds": 0.2}
    stage.config = stage.config.model_copy(
        update={"reflect": stage.config.reflect.model_copy(update=settings)}
    )
    made = stage.scheduler()
    made.start()
    await begun(made)
    now = stage.clock.now()
    run = await made.executor.runs.open(
        RunRequest("nightly", Trigger.MANUAL, "asked", now), now=now
    )
    assert run is not None
    assert await made.executor.runs.claim(run.id, owner="other-machine:boot:1:2", now=now)
    (ended,) = await stage.until_ended()
    await end(made)
    assert (ended.id, ended.status) == (run.id, RunStatus.SKIPPED)
    assert ended.started_at is not None
    assert ended.finished_at is not None
    assert ended.finished_at - now >= timedelta(seconds=0.2)


async def test_what_waited_when_a_service_died_begins_with_the_next(stage: Stage) -> None:
    stage.real_time()
    stage.write()
    made = stage.scheduler()
    now = stage.clock.now()
    request = RunRequest("nightly", Trigger.MANUAL, "asked", now)
    assert await made.executor.runs.open(request, now=now) is not None
    made.start()
    (ended,) = await stage.until_ended(seconds=SETTLING.total_seconds() - 1)
    await end(made)
    assert ended.started_at is not None


async def test_what_a_drain_cuts_short_is_finished_after_the_next_start(
    scheduler: ReflectionScheduler, stage: Stage
) -> None:
    topics = await stage.talk(3)
    stage.server.default = lambda received: Reply(hang=True) if "room-2." in received.text else GOOD
    run = await scheduler.request("nightly", by="ada", topics=topics)

    async def two_done() -> bool:
        return (await stage.runs())[0].targets_done == 2

    await until(two_done)
    await end(scheduler, seconds=0.1)
    assert (await stage.runs())[0].status is RunStatus.INTERRUPTED
    stage.server.default = GOOD
    again = stage.scheduler()
    again.start()
    (ended,) = await stage.until_ended()
    await end(again)
    assert (ended.id, ended.status, ended.insights_created) == (run.id, RunStatus.SUCCESS, 3)
    targets = {row.id: row.status for row in await stage.rows(run_target)}
    assert set(targets.values()) == {TargetStatus.SUCCESS.value}
    paid = [row.target_id for row in await stage.rows(model_call) if row.outcome == "ok"]
    assert sorted(paid) == sorted(targets)


async def test_a_run_goes_on_by_its_own_definition_when_the_file_has_changed(
    scheduler: ReflectionScheduler, stage: Stage
) -> None:
    stage.server.default = Reply(hang=True)
    await scheduler.request("nightly", by="ada", topics=await stage.talk())
    await stage.until_running()
    await end(scheduler, seconds=0)
    stage.write(nodes=[{"type": "output", "destination": "log"}], description="another layer")
    stage.server.default = GOOD
    again = stage.scheduler()
    again.start()
    (ended,) = await stage.until_ended()
    await end(again)
    assert (ended.status, ended.insights_created) == (RunStatus.SUCCESS, 1)


async def test_a_changed_file_is_in_force_without_a_restart(
    scheduler: ReflectionScheduler, stage: Stage
) -> None:
    async def rescheduled() -> bool:
        job = scheduler.scheduler.get_job("layer:nightly")
        return str(job.trigger.schedule) == "0 5 * * *"

    await asyncio.sleep(0.3)  # the watcher takes a moment to begin
    stage.write(schedule="0 5 * * *")
    await until(rescheduled)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="there is no such signal here")
async def test_a_hangup_reads_the_files_again_where_nobody_watches_them(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def blind(_folders: object, _changed: object) -> None:
        """Notice nothing."""

    monkeypatch.setattr("zos.scheduler.reflection.watch", blind)
    stage.real_time()
    stage.write()
    made = stage.scheduler()
    made.start()
    await begun(made)
    stage.write(schedule="0 5 * * *")
    os.kill(os.getpid(), signal.SIGHUP)

    async def rescheduled() -> bool:
        return str(made.scheduler.get_job("layer:nightly").trigger.schedule) == "0 5 * * *"

    await until(rescheduled)
    await end(made)


async def test_a_broken_file_keeps_its_last_good_layer_and_a_missing_one_ends_it(
    scheduler: ReflectionScheduler, stage: Stage
) -> None:
    file = stage.layers_dir / "nightly.yaml"
    good = file.read_text()
    file.write_text("name: nightly\nschedul: nonsense\n")
    with capture_logs() as logs:
        await scheduler.reload()
    (broken,) = [line for line in logs if line["event"] == "layer_file_broken"][:1]
    assert (broken["file"], broken["kept"]) == ("nightly.yaml", "nightly")
    assert scheduler.scheduler.get_job("layer:nightly") is not None
    file.write_text(good)
    await scheduler.reload()
    assert scheduler.loader.problems == ()
    file.unlink()
    await scheduler.reload()
    assert scheduler.scheduler.get_job("layer:nightly") is None


async def test_a_folder_that_cannot_be_listed_changes_nothing(
    scheduler: ReflectionScheduler, stage: Stage
) -> None:
    stage.layers_dir.rename(stage.layers_dir.with_name("elsewhere"))
    os.mkfifo(stage.layers_dir)  # not even root can list it
    with pytest.raises(LayerError, match="cannot be read"):
        await scheduler.reload()
    with capture_logs() as logs:
        await scheduler._on_changed()
    # Whoever watches the folder may have something to say of it too.
    assert "layers_not_reloaded" in [line["event"] for line in logs]
    assert scheduler.scheduler.get_job("layer:nightly") is not None


async def test_its_watchers_hear_of_it(stage: Stage, watcher: Watcher) -> None:
    stage.real_time()
    stage.write(ping_url=f"{watcher.url}/nightly")
    made = stage.scheduler(ping_url=f"{watcher.url}/loop", ping_interval_seconds=0.05)
    made.start()
    await begun(made)
    run = await made.request("nightly", by="ada", topics=await stage.talk())
    await made.wait(run.id)

    async def heard() -> bool:
        return f"{watcher.path}/loop" in watcher.paths

    await until(heard)
    await end(made)
    assert [path for path in watcher.paths if "nightly" in path] == [
        f"{watcher.path}/nightly/start",
        f"{watcher.path}/nightly",
    ]


async def test_a_timer_that_nothing_will_wake_is_not_reported_alive(
    stage: Stage, watcher: Watcher
) -> None:
    stage.real_time()
    made = stage.scheduler(ping_url=f"{watcher.url}/loop", ping_interval_seconds=0.02)
    made.start()
    await begun(made)
    await until(lambda: heard_of(watcher))
    made.scheduler._stop_timer()
    await asyncio.sleep(0.1)
    watcher.paths.clear()
    await asyncio.sleep(0.1)
    assert watcher.paths == []
    await end(made)


async def heard_of(watcher: Watcher) -> bool:
    return bool(watcher.paths)


async def test_a_reached_threshold_of_a_paused_layer_is_skipped(
    scheduler: ReflectionScheduler, stage: Stage
) -> None:
    stage.write("watcher", schedule=None, trigger_threshold=1)
    await scheduler.reload()
    await scheduler.pause("watcher", by="ada", note="moving")
    run = await scheduler.request("nightly", by="ada", topics=await stage.talk())
    await scheduler.wait(run.id)
    (skipped,) = await stage.until_ended(layer="watcher")
    assert (skipped.trigger, skipped.status) == (Trigger.THRESHOLD, RunStatus.SKIPPED)
    assert skipped.reason == "paused by ada: moving"


async def test_a_lowered_threshold_is_reached_by_what_was_counted(
    scheduler: ReflectionScheduler, stage: Stage
) -> None:
    stage.write("watcher", schedule=None, trigger_threshold=50)
    await scheduler.reload()
    run = await scheduler.request("nightly", by="ada", topics=await stage.talk(2))
    await scheduler.wait(run.id)
    assert await stage.runs("watcher") == []
    stage.write("watcher", schedule=None, trigger_threshold=2)
    await scheduler.reload()
    (reached,) = await stage.until_ended(layer="watcher")
    assert reached.trigger is Trigger.THRESHOLD
    assert await scheduler.check_self_reflection_trigger() == []


@only_sqlite  # which locks the whole store
async def test_a_start_beside_a_long_write_has_its_jobs_a_little_later(stage: Stage) -> None:
    assert stage.database.path is not None
    stage.real_time()
    stage.write()
    scheduler = stage.scheduler()
    with closing(sqlite3.connect(stage.database.path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with capture_logs() as logs:
            scheduler.start()
        writer.execute("ROLLBACK")
    assert "jobs_not_stored_yet" in [line["event"] for line in logs]
    await begun(scheduler)
    assert scheduler.scheduler.get_job("layer:nightly") is not None
    await end(scheduler)


async def test_a_start_that_fails_leaves_the_lock_to_the_next(stage: Stage) -> None:
    folder = stage.layers_dir.with_name("no-file")
    folder.mkdir()
    broken = stage.scheduler()
    for _ in range(2):
        unusable = ReflectionScheduler(
            str(folder), broken.executor, broken.loader, broken.selector, broken.config
        )
        with pytest.raises(DatabaseError, match="unable to open"):
            unusable.start()
        assert not unusable.is_running
