"""Changes of runs, from one look to the next: each told once, by whichever process it was made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import insert, update
from tests.views.conftest import NOON, History

from zos.db.engine import Database
from zos.db.tables import layer_state
from zos.reflect.states import RunStatus
from zos.views.changes import JobWatch, RunWatch

SECOND = timedelta(seconds=1)


@pytest.fixture
def times() -> Iterator[datetime]:
    return (NOON + n * SECOND for n in range(1, 10_000))


@pytest.fixture
async def watch(database: Database, times: Iterator[datetime]) -> RunWatch:
    watch = RunWatch(database, NOON)
    assert await watch.step(next(times)) == []
    return watch


async def told(watch: RunWatch, now: datetime) -> list[tuple[str, RunStatus]]:
    return [(change.run.id, change.run.status) for change in await watch.step(now)]


async def test_every_state_of_a_run_is_told_once(
    watch: RunWatch, history: History, times: Iterator[datetime]
) -> None:
    run = await history.open(at=next(times))
    assert await told(watch, next(times)) == [(run.id, RunStatus.QUEUED)]
    assert await told(watch, next(times)) == []
    await history.start(run)
    assert await told(watch, next(times)) == [(run.id, RunStatus.RUNNING)]
    await history.finish(run, RunStatus.SUCCESS)
    assert await told(watch, next(times)) == [(run.id, RunStatus.SUCCESS)]
    assert await told(watch, next(times)) == []


async def test_what_was_recorded_just_before_the_first_step_is_never_told(
    database: Database, history: History, times: Iterator[datetime]
) -> None:
    run = await history.open(at=NOON - 30 * SECOND)
    await history.start(run)
    await history.finish(run, RunStatus.SUCCESS)
    watch = RunWatch(database, NOON)
    for _ in range(3):
        assert await watch.step(next(times)) == []


async def test_progress_is_told(
    watch: RunWatch, history: History, times: Iterator[datetime]
) -> None:
    run = await history.open(at=next(times))
    await history.start(run)
    await watch.step(next(times))
    await history.change(run, targets_total=4, targets_done=1)
    (changed,) = await watch.step(next(times))
    assert (changed.run.targets_done, changed.run.targets_total) == (1, 4)
    assert changed.before is not None
    assert changed.before.targets_total == 0


async def test_beginning_and_ending_are_told_apart_from_progress(
    watch: RunWatch, history: History, times: Iterator[datetime]
) -> None:
    run = await history.open(at=next(times))
    seen = [await watch.step(next(times))]
    await history.start(run)
    seen.append(await watch.step(next(times)))
    await history.change(run, targets_total=4)
    seen.append(await watch.step(next(times)))
    await history.finish(run, RunStatus.DRY)
    seen.append(await watch.step(next(times)))
    marks = [(change.is_start, change.is_end) for step in seen for change in step]
    assert marks == [(False, False), (True, False), (False, False), (False, True)]


async def test_a_run_that_began_and_ended_between_two_looks_is_told_as_both(
    watch: RunWatch, history: History, times: Iterator[datetime]
) -> None:
    run = await history.open(at=next(times))
    await history.start(run)
    await history.finish(run, RunStatus.DRY)
    (change,) = await watch.step(next(times))
    assert (change.before, change.is_start, change.is_end) == (None, True, True)


async def test_a_heartbeat_is_not_told(
    watch: RunWatch, history: History, times: Iterator[datetime]
) -> None:
    run = await history.open(at=next(times))
    await history.start(run)
    await watch.step(next(times))
    await history.runs.heartbeat(run.id, owner="me", now=next(times))
    assert await told(watch, next(times)) == []


async def test_what_was_there_at_the_first_look_is_not_told(
    database: Database, history: History
) -> None:
    running = await history.open(at=NOON - timedelta(days=3))
    await history.open("weekly", at=NOON, status=RunStatus.MISSED)
    watch = RunWatch(database, NOON)
    assert await told(watch, NOON) == []
    await history.start(running)
    assert await told(watch, NOON + SECOND) == [(running.id, RunStatus.RUNNING)]


async def test_a_run_that_takes_hours_is_told_when_it_ends(
    watch: RunWatch, history: History
) -> None:
    run = await history.open(at=NOON + SECOND)
    await history.start(run)
    await watch.step(NOON + SECOND)
    assert await told(watch, NOON + timedelta(hours=5)) == []
    await history.finish(run, RunStatus.PARTIAL)
    assert await told(watch, NOON + timedelta(hours=6)) == [(run.id, RunStatus.PARTIAL)]
    assert await told(watch, NOON + timedelta(hours=7)) == []


async def test_a_row_that_is_committed_late_is_still_told(
    watch: RunWatch, history: History, times: Iterator[datetime]
) -> None:
    made_at = next(times)
    await watch.step(next(times) + 30 * SECOND)
    late = await history.open(at=made_at, status=RunStatus.SKIPPED)
    assert await told(watch, next(times) + 40 * SECOND) == [(late.id, RunStatus.SKIPPED)]
    assert await told(watch, next(times) + 50 * SECOND) == []


async def test_many_changes_at_once_are_all_told(
    watch: RunWatch, history: History, times: Iterator[datetime]
) -> None:
    at = next(times)
    opened = [await history.open(at=at, status=RunStatus.MISSED) for _ in range(501)]
    assert [one for one, _ in await told(watch, next(times))] == [run.id for run in opened]


async def test_a_layer_is_told_when_its_job_changes_and_not_when_an_insight_is_counted(
    database: Database,
) -> None:
    async def change(**columns: object) -> None:
        async with database.write() as connection:
            await connection.execute(update(layer_state).values(**columns))

    watch = JobWatch(database)
    assert await watch.step() == []
    counts = dict.fromkeys(("failures_in_row", "insights_since_run", "generation"), 0)
    async with database.write() as connection:
        row = {"layer": "nightly", "registered_at": NOON, **counts}
        await connection.execute(insert(layer_state).values(row))
    assert await watch.step() == ["nightly"]
    await change(insights_since_run=3)
    assert await watch.step() == []
    for columns in ({"paused_at": NOON}, {"pause_note": "moving"}, {"failures_in_row": 1}):
        await change(**columns)
        assert await watch.step() == ["nightly"]
        assert await watch.step() == []
