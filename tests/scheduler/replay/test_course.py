"""Replay: the past, slot by slot, as it would have been, once."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tests.observe.exports import export, said
from tests.scheduler.conftest import Stage, until

from zos.consent.store import ConsentStore
from zos.core.clock import SimulatedClock
from zos.core.errors import ReplayError, StillRunningError
from zos.db.tables import insight, insight_source, layer_run, layer_state, message, salience_entry
from zos.observe.booking import HistoryBooker
from zos.observe.importer import Importer
from zos.reflect.states import RunStatus, Trigger
from zos.salience.ledger import SalienceLedger
from zos.salience.selector import ReflectionSelector
from zos.scheduler.lock import ServiceLock
from zos.scheduler.replay import Replay, ReplayReport

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 4)
PRESENT = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
WORDS = ("I planted beans beside the shed on Tuesday", "the beans need water, and so do the peas")


class Course:
    """A stage with four days of unbooked chat, and replays over it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.progress: list[tuple[int, int, str]] = []

    async def import_chat(self, folder: Path) -> None:
        """Import talk of two people in one channel, every two hours from the first morning on."""
        talk = [
            said(turn * 120, 1 + turn % 2, f"{WORDS[turn % 2]}, number {turn}")
            for turn in range(1, 40)
        ]
        file = folder / "general.json"
        await asyncio.to_thread(file.write_text, json.dumps(export(talk)))
        consents = ConsentStore(self.stage.database, self.stage.config)
        await Importer(self.stage.database, consents, self.stage.config).import_paths([file])

    def replay(self) -> Replay:
        """Build a replay on a simulated clock of its own."""
        stage, clock = self.stage, SimulatedClock(PRESENT)
        stage.clock = clock
        ledger = SalienceLedger(stage.database, stage.config)
        consents = ConsentStore(stage.database, stage.config)
        return Replay(
            stage.executor(stage.config),
            stage.loader(),
            ReflectionSelector(ledger, stage.config),
            stage.config,
            booker=HistoryBooker(stage.database, ledger, consents, stage.config, clock=clock),
            clock=clock,
            present=SimulatedClock(PRESENT),
        )

    async def run(self, first: date = FIRST, last: date = LAST) -> ReplayReport:
        return await self.replay().run(first, last, lambda *told: self.progress.append(told))


@pytest.fixture
async def course(offline: Stage, tmp_path: Path) -> Course:
    made = Course(offline)
    await made.import_chat(tmp_path)
    return made


async def test_every_slot_of_the_range_gets_its_outcome_at_its_own_time(course: Course) -> None:
    course.stage.write(schedule="0 3 * * *", timezone="Asia/Kolkata")
    report = await course.run()
    runs = await course.stage.runs()
    assert [f"{run.slot:%d %H:%M}" for run in runs] == [
        "02 21:30",
        "03 21:30",
        "04 21:30",
    ]
    assert {run.trigger for run in runs} == {Trigger.REPLAY}
    assert all(run.clock_at == run.slot and run.status.is_final for run in runs)
    rows = await course.stage.rows(layer_run)
    assert sum(report.totals.slots.values()) == sum(row.slot_count for row in rows if row.slot)
    assert report.totals.insights == len(await course.stage.rows(insight)) > 0
    assert course.progress[-1] == (report.replayed, report.replayed, "")


async def test_nothing_rests_on_what_came_later_and_a_second_replay_changes_nothing(
    course: Course,
) -> None:
    first = await course.run()
    written = {row.id: row.created_at for row in await course.stage.rows(message)}
    made = {row.id: row.created_at for row in await course.stage.rows(insight)}
    cited = [
        (made[row.insight_id], written[row.message_id])
        for row in await course.stage.rows(insight_source)
        if row.message_id is not None
    ]
    assert cited
    assert all(source <= at for at, source in cited)
    ledger = SalienceLedger(course.stage.database, course.stage.config)
    assert await ledger.audit() == []

    tables = (layer_run, layer_state, insight, salience_entry)
    before = [await course.stage.rows(table) for table in tables]
    second = await course.run()
    assert (second.replayed, second.totals) == (0, first.totals)
    assert [await course.stage.rows(table) for table in tables] == before


async def test_a_longer_range_goes_on_where_the_first_ended(course: Course) -> None:
    await course.run(FIRST, date(2026, 3, 3))
    count = len(await course.stage.rows(layer_run))
    report = await course.run(FIRST, LAST)
    assert report.replayed == len(await course.stage.rows(layer_run)) - count > 0


async def test_a_replay_that_was_cut_short_goes_on_where_it_stopped(course: Course) -> None:
    cut = asyncio.create_task(course.replay().run(FIRST, LAST))

    async def halfway() -> bool:
        return len(await course.stage.rows(layer_run)) > 9

    await until(halfway, 30)
    cut.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cut
    await course.run()
    rows = await course.stage.rows(layer_run)
    slots = [(row.layer, row.slot) for row in rows if row.slot is not None]
    assert len(slots) == len(set(slots)) == 3 * 7  # seven shipped layers run every night
    assert all(RunStatus(row.status).is_final for row in rows)
    ledger = SalienceLedger(course.stage.database, course.stage.config)
    assert await ledger.audit() == []


async def test_a_range_that_is_booked_already_is_refused(course: Course) -> None:
    stage = course.stage
    ledger = SalienceLedger(stage.database, stage.config)
    consents = ConsentStore(stage.database, stage.config)
    booker = HistoryBooker(stage.database, ledger, consents, stage.config)
    await booker.book_until(PRESENT)
    with pytest.raises(ReplayError, match=r"booked up to 2026-03-05 14:00 UTC.*fresh data_dir"):
        await course.run()
    assert await stage.rows(layer_run) == []


@pytest.mark.parametrize(
    ("first", "last", "why"),
    [
        (LAST, FIRST, "ends before it begins"),
        (FIRST, date(2026, 3, 21), "2026-03-21 has not come yet"),
    ],
)
async def test_a_range_must_be_a_past_one(
    course: Course, first: date, last: date, why: str
) -> None:
    with pytest.raises(ReplayError, match=why):
        await course.run(first, last)


async def test_slots_later_today_are_not_replayed(course: Course) -> None:
    course.stage.write(schedule="0 */6 * * *")
    await course.run(PRESENT.date(), PRESENT.date())
    slots = [run.slot for run in await course.stage.runs()]
    assert [slot and slot.hour for slot in slots] == [0, 6]


@pytest.mark.parametrize("config", ["sqlite"], indirect=True)  # a file has a lock beside it
async def test_it_is_refused_while_the_service_runs(course: Course) -> None:
    path = course.stage.database.path
    assert path is not None
    lock = ServiceLock(path)
    lock.acquire()
    with pytest.raises(StillRunningError):
        await course.run(LAST, LAST)
    lock.release()
    assert (await course.run(LAST, LAST)).replayed > 0


async def test_thresholds_reached_in_the_past_run_in_the_past(course: Course) -> None:
    course.stage.write("watcher", schedule=None, trigger_threshold=1)
    await course.run()
    reactions = await course.stage.runs("watcher")
    slots = {row.slot for row in await course.stage.rows(layer_run)}
    assert reactions
    assert {run.trigger for run in reactions} == {Trigger.THRESHOLD}
    assert all(run.status.is_final for run in reactions)
    assert {run.clock_at for run in reactions} <= slots


async def test_a_service_that_starts_afterwards_owes_nothing_for_the_replayed_past(
    course: Course,
) -> None:
    await course.run()
    count = len(await course.stage.rows(layer_run))
    course.stage.clock = SimulatedClock(PRESENT + timedelta(minutes=1))
    scheduler = course.stage.scheduler()
    scheduler.start()

    async def registered() -> bool:
        rows = await course.stage.rows(layer_state)
        return bool(rows) and all(row.schedule for row in rows)

    await until(registered)
    await scheduler.drain(5)
    scheduler.stop()
    assert len(await course.stage.rows(layer_run)) == count


async def test_a_disabled_layer_is_not_replayed(course: Course) -> None:
    course.stage.write(enabled=False)
    await course.run(LAST, LAST)
    assert await course.stage.runs() == []


async def test_a_paused_layer_stays_paused_in_the_past(course: Course) -> None:
    course.stage.write()
    course.stage.clock = SimulatedClock(datetime(2026, 3, 4, tzinfo=UTC))
    scheduler = course.stage.scheduler()
    await scheduler.pause("nightly", by="ada", note="moving")
    await course.run()
    found = [(f"{run.slot:%d}", run.started_at is not None) for run in await course.stage.runs()]
    assert found == [("02", True), ("03", True), ("04", False)]
