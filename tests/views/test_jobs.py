"""Jobs as they are shown: promises, outcomes and what comes next, with and without a scheduler."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert
from tests.scheduler.layers import LAYER
from tests.views.conftest import NOON, History

from zos.config import Config
from zos.core.errors import LayerNotFoundError
from zos.db.engine import Database
from zos.db.tables import apscheduler_jobs, layer_state
from zos.reflect.loader import LayerLoader
from zos.reflect.states import RunStatus, Trigger
from zos.views.jobs import NEXT_FIRES, JobsView

DAY = timedelta(days=1)


class Layers:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def write(self, name: str, more: str = "schedule: 0 3 * * *") -> None:
        (self.folder / f"{name}.yaml").write_text(LAYER.format(name=name, more=more))


@pytest.fixture
def layers(tmp_path: Path) -> Layers:
    return Layers(tmp_path / "layers")


@pytest.fixture
def view(database: Database, layers: Layers, config: Config) -> JobsView:
    return JobsView(database, LayerLoader(layers.folder), config)


async def store_job(database: Database, row_id: str, next_run_at: datetime | None) -> None:
    async with database.write() as connection:
        await connection.execute(
            insert(apscheduler_jobs).values(
                id=row_id,
                next_run_time=None if next_run_at is None else next_run_at.timestamp(),
                job_state=b"{}",
            )
        )


async def store_state(database: Database, layer: str, **columns: object) -> None:
    row = {
        "layer": layer,
        "registered_at": NOON,
        "failures_in_row": 0,
        "insights_since_run": 0,
        "generation": 0,
        **columns,
    }
    async with database.write() as connection:
        await connection.execute(insert(layer_state), row)


async def test_a_job_tells_its_schedule_in_words_and_its_next_fires_in_both_times(
    view: JobsView, layers: Layers
) -> None:
    layers.write("nightly", "schedule: 0 3 * * *\ntimezone: Europe/Berlin")
    job = await view.get("nightly", NOON)
    assert (job.job_id, job.name) == ("layer:nightly", "Reflection: nightly")
    assert (job.schedule, job.schedule_in_words) == ("0 3 * * *", "At 03:00 every day")
    assert job.timezone == "Europe/Berlin"
    assert len(job.next_fires) == NEXT_FIRES
    assert job.next_fires[0].utc == datetime(2026, 3, 3, 2, 0, tzinfo=UTC)
    assert job.next_fires[0].local.isoformat() == "2026-03-03T03:00:00+01:00"


async def test_fires_follow_the_wall_clock_over_the_change_to_summer_time(
    view: JobsView, layers: Layers
) -> None:
    layers.write("nightly", "schedule: 0 5 * * *\ntimezone: Europe/Berlin")
    job = await view.get("nightly", datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert [fire.utc.hour for fire in job.next_fires[:2]] == [3, 3]
    assert {fire.local.hour for fire in job.next_fires} == {5}


async def test_next_fires_follow_the_clock_both_ways_and_a_new_schedule(
    database: Database, layers: Layers, config: Config
) -> None:
    layers.write("nightly")
    loader = LayerLoader(layers.folder)
    view = JobsView(database, loader, config)

    async def first(now: datetime) -> datetime:
        return (await view.get("nightly", now)).next_fires[0].utc

    three = NOON.replace(hour=3) + DAY
    assert await first(NOON) == await first(three - timedelta(microseconds=1)) == three
    assert await first(three) == three + DAY
    assert await first(NOON) == three
    layers.write("nightly", "schedule: 0 4 * * *")
    loader.load_all()
    assert await first(NOON) == three.replace(hour=4)
    layers.write("nightly", "schedule: 0 4 * * *\ntimezone: Asia/Kathmandu")
    loader.load_all()
    assert await first(NOON) == three.replace(day=NOON.day, hour=22, minute=15)


async def test_a_layer_without_a_zone_has_the_configured_one(
    view: JobsView, layers: Layers
) -> None:
    layers.write("nightly")
    assert (await view.get("nightly", NOON)).timezone == "UTC"


@pytest.mark.parametrize("more", ["trigger_threshold: 10", "schedule: 0 3 * * *\nenabled: false"])
async def test_a_layer_that_promises_nothing_has_no_next_fires(
    view: JobsView, layers: Layers, more: str
) -> None:
    layers.write("quiet", more)
    assert (await view.get("quiet", NOON)).next_fires == ()


async def test_every_layer_has_its_job_by_name(view: JobsView, layers: Layers) -> None:
    layers.write("zebra")
    layers.write("aardvark")
    names = [job.layer for job in (await view.all(NOON)).jobs]
    assert {"zebra", "aardvark"} <= set(names)
    assert names == sorted(names)


async def test_files_that_could_not_be_used_are_told(view: JobsView, layers: Layers) -> None:
    (layers.folder / "broken.yaml").write_text("name: [")
    (problem, *_) = (await view.all(NOON)).problems
    assert problem.startswith("broken.yaml:")


async def test_rows_that_are_no_jobs_of_zos_are_told(
    view: JobsView, database: Database, layers: Layers
) -> None:
    layers.write("nightly")
    await store_job(database, "parked:ab12:layer:nightly", None)
    await store_job(database, "layer:nightly", NOON)
    assert (await view.all(NOON)).parked == ("parked:ab12:layer:nightly",)


async def test_a_timer_that_has_not_fired_when_it_should_have_is_told(
    view: JobsView, database: Database, layers: Layers
) -> None:
    layers.write("nightly")
    await store_job(database, "layer:nightly", NOON)
    assert (await view.get("nightly", NOON + timedelta(seconds=59))).overdue_since is None
    assert (await view.get("nightly", NOON + timedelta(seconds=61))).overdue_since == NOON


async def test_a_job_that_sleeps_is_not_overdue(
    view: JobsView, database: Database, layers: Layers
) -> None:
    layers.write("nightly")
    await store_job(database, "layer:nightly", None)
    assert (await view.get("nightly", NOON)).overdue_since is None


async def test_a_pause_tells_who_why_and_until_when(
    view: JobsView, database: Database, layers: Layers
) -> None:
    layers.write("nightly")
    until = NOON + DAY
    pause = {"paused_at": NOON, "paused_until": until, "paused_by": "ann", "pause_note": "holiday"}
    await store_state(database, "nightly", failures_in_row=3, insights_since_run=7, **pause)
    job = await view.get("nightly", NOON)
    assert job.paused is not None
    assert (job.paused.since, job.paused.until, job.paused.by, job.paused.note) == (
        NOON,
        until,
        "ann",
        "holiday",
    )
    assert (job.failures_in_row, job.insights_since_run) == (3, 7)
    assert (await view.get("nightly", until)).paused is None


async def test_a_pause_without_an_end_lasts(
    view: JobsView, database: Database, layers: Layers
) -> None:
    layers.write("nightly")
    await store_state(database, "nightly", paused_at=NOON)
    job = await view.get("nightly", NOON + 400 * DAY)
    assert job.paused is not None
    assert (job.paused.until, job.paused.by, job.paused.note) == (None, "", "")


async def test_the_run_in_progress_and_those_that_wait_are_told_apart_from_the_last(
    view: JobsView, history: History, layers: Layers
) -> None:
    layers.write("nightly")
    done = await history.open(slot=NOON - DAY)
    await history.start(done)
    await history.finish(done, RunStatus.SUCCESS)
    running = await history.open(slot=NOON)
    await history.start(running)
    await history.change(running, targets_total=4, targets_done=1)
    await history.open(trigger=Trigger.MANUAL)
    job = await view.get("nightly", NOON)
    assert job.last is not None
    assert job.running is not None
    assert (job.last.id, job.running.id, job.waiting) == (done.id, running.id, 1)
    assert (job.running.targets_done, job.running.targets_total) == (1, 4)


async def test_each_layer_has_its_own_last_run(
    view: JobsView, history: History, layers: Layers
) -> None:
    for name in ("nightly", "weekly", "never"):
        layers.write(name)
    await history.open("weekly", slot=NOON, status=RunStatus.MISSED)
    await history.open("nightly", slot=NOON, status=RunStatus.SKIPPED)
    jobs = {job.layer: job.last for job in (await view.all(NOON)).jobs}
    assert jobs["nightly"] is not None
    assert jobs["nightly"].status is RunStatus.SKIPPED
    assert jobs["weekly"] is not None
    assert jobs["weekly"].status is RunStatus.MISSED
    assert jobs["never"] is None


async def test_slots_that_did_not_run_are_counted_by_reason(
    view: JobsView, history: History, layers: Layers
) -> None:
    layers.write("nightly")
    missed = {"status": RunStatus.MISSED, "reason": "down"}
    await history.open(slot=NOON, slot_last=NOON + 8 * DAY, slot_count=9, **missed)  # type: ignore[arg-type]
    await history.open(slot=NOON + 9 * DAY, **missed)  # type: ignore[arg-type]
    await history.open(slot=NOON + 10 * DAY, status=RunStatus.SKIPPED, reason="paused")
    await history.open(
        slot=NOON - DAY, at=NOON - 31 * DAY, status=RunStatus.SKIPPED, reason="long ago"
    )
    job = await view.get("nightly", NOON)
    assert [(one.status, one.reason, one.slots) for one in job.outcomes] == [
        (RunStatus.MISSED, "down", 10),
        (RunStatus.SKIPPED, "paused", 1),
    ]
    assert job.outcomes_since == NOON - 30 * DAY


async def test_more_layers_than_one_statement_takes_are_all_told(
    view: JobsView, history: History, layers: Layers
) -> None:
    for number in range(120):
        layers.write(f"layer-{number}")
    await history.open("layer-119", status=RunStatus.MISSED)
    jobs = {job.layer: job for job in (await view.all(NOON)).jobs}
    assert jobs["layer-119"].last is not None
    assert jobs["layer-0"].last is None


async def test_an_unknown_layer_is_answered_with_the_nearest(
    view: JobsView, layers: Layers
) -> None:
    layers.write("nightly")
    with pytest.raises(LayerNotFoundError, match="Did you mean 'nightly'"):
        await view.get("nightyl", NOON)
