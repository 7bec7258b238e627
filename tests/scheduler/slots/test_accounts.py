"""Accounts: every promised slot gets one outcome, whatever happened to service, file or clock."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select
from tests.scheduler.layers import in_force, layer

from zos.config.model import SchedulerConfig
from zos.core.clock import SimulatedClock
from zos.db.engine import Database
from zos.db.tables import layer_run
from zos.reflect.layer import Layer
from zos.reflect.runs.model import LayerRun
from zos.reflect.runs.store import as_run
from zos.reflect.states import RunStatus, Trigger
from zos.scheduler.crontab import jitter_offset
from zos.scheduler.slots.accounts import Accounts
from zos.scheduler.slots.book import Book
from zos.scheduler.state.model import Pause
from zos.scheduler.state.store import LayerStateStore
from zos.views.runs import RunsView

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
NIGHTLY = in_force(layer())
FIRST_SLOT = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)  # after the clock's start, Monday noon


@pytest.fixture
def accounts(database: Database, clock: SimulatedClock) -> Accounts:
    return Accounts(database, SchedulerConfig(), clock)


async def settle(
    accounts: Accounts, layers: dict[str, Layer], only: list[str] | None = None
) -> list[LayerRun]:
    """Settle and return what is to be run."""
    written = await accounts.settle(layers, only)
    return [run for run in written if run.status is RunStatus.QUEUED]


async def runs(database: Database) -> list[LayerRun]:
    query = select(layer_run).order_by(layer_run.c.slot, layer_run.c.layer)
    async with database.read() as connection:
        return [as_run(row) for row in await connection.execute(query)]


async def shown(database: Database) -> list[tuple[str, str]]:
    """Every slot's day and hour with its outcome."""
    return [(f"{run.slot:%d %H:%M}", run.status.value) for run in await runs(database)]


async def test_a_new_layer_owes_nothing_for_the_past(
    accounts: Accounts, database: Database
) -> None:
    assert await settle(accounts, NIGHTLY) == []
    assert await shown(database) == []


async def test_a_due_slot_opens_one_run_and_only_one(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    await settle(accounts, NIGHTLY)
    clock.move_to(FIRST_SLOT)
    (opened,) = await settle(accounts, NIGHTLY, ["nightly"])
    assert (opened.slot, opened.trigger, opened.status) == (
        FIRST_SLOT,
        Trigger.SCHEDULE,
        RunStatus.QUEUED,
    )
    assert opened.layer_hash == NIGHTLY["nightly"].hash
    assert await settle(accounts, NIGHTLY) == []
    assert await shown(database) == [("03 03:00", "queued")]


async def test_a_clock_set_back_opens_nothing_twice(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    await settle(accounts, NIGHTLY)
    clock.move_to(FIRST_SLOT + timedelta(minutes=1))
    await settle(accounts, NIGHTLY)
    clock.move_to(FIRST_SLOT - timedelta(minutes=40))
    assert await settle(accounts, NIGHTLY) == []
    clock.move_to(FIRST_SLOT)
    assert await settle(accounts, NIGHTLY) == []
    assert len(await runs(database)) == 1


async def test_after_days_of_absence_every_slot_is_accounted_for(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    await settle(accounts, NIGHTLY)
    clock.move_to(FIRST_SLOT + DAY * 2 + HOUR / 2)
    (opened,) = await settle(accounts, NIGHTLY)
    assert opened.trigger is Trigger.CATCH_UP
    assert await shown(database) == [
        ("03 03:00", "missed"),
        ("04 03:00", "missed"),
        ("05 03:00", "queued"),
    ]


async def test_a_coalesced_slot_names_the_run_that_answers_for_it(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    hourly = in_force(layer(schedule="@hourly", misfire_grace_time=7_200))
    await settle(accounts, hourly)
    clock.move_to(clock.now() + HOUR * 3.5)
    (opened,) = await settle(accounts, hourly)
    coalesced = [run.coalesced_into for run in await runs(database) if run.coalesced_into]
    assert coalesced == [opened.id]
    assert await shown(database) == [
        ("02 13:00", "missed"),
        ("02 14:00", "coalesced"),
        ("02 15:00", "queued"),
    ]


async def test_without_coalescing_every_late_slot_runs_in_order(
    database: Database, clock: SimulatedClock
) -> None:
    accounts = Accounts(database, SchedulerConfig(coalesce=False, misfire_grace_time=7200), clock)
    hourly = in_force(layer(schedule="@hourly"))
    await settle(accounts, hourly)
    clock.move_to(clock.now() + HOUR * 3)
    opened = await settle(accounts, hourly)
    assert [run.slot and run.slot.hour for run in opened] == [13, 14, 15]


async def test_a_quarter_of_minutes_is_summed_up_off_the_loop(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    minutely = in_force(layer(schedule="* * * * *"))
    await settle(accounts, minutely)
    clock.move_to(clock.now() + DAY * 90)
    turns = Turns()
    counting = asyncio.create_task(turns.count())
    (opened,) = await settle(accounts, minutely)
    counting.cancel()
    assert opened.slot == clock.now()
    assert turns.taken > 20
    found = await runs(database)
    assert sum(run.slot_count for run in found) == 90 * 24 * 60
    assert len(found) < 60
    assert found[0].status is RunStatus.MISSED
    assert found[0].slot_last is not None
    assert await settle(accounts, minutely) == []


async def test_what_many_layers_owe_together_is_counted_off_the_loop_too(
    accounts: Accounts, clock: SimulatedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    hourly = in_force(*[layer(f"layer-{n}", schedule="@hourly") for n in range(60)])
    await settle(accounts, hourly)
    threads = set()
    count = Book.count

    def noted(book: Book, *, at_most: int | None = None) -> bool:
        if at_most is None:
            threads.add(threading.get_ident())
        return count(book, at_most=at_most)

    monkeypatch.setattr(Book, "count", noted)
    for hours, off_the_loop in ((10, False), (30, True)):
        clock.move_to(clock.now() + hours * HOUR)
        assert len(await settle(accounts, hourly)) == 60
        assert bool(threads) is off_the_loop
    assert threading.get_ident() not in threads


async def test_a_changed_schedule_settles_the_old_one_first(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    await settle(accounts, NIGHTLY)
    clock.move_to(FIRST_SLOT + HOUR / 2)
    hourly = in_force(layer(schedule="@hourly"))
    (opened,) = await settle(accounts, hourly)
    assert opened.slot == FIRST_SLOT
    async with database.read() as connection:
        assert await connection.scalar(select(layer_run.c.due_at)) == FIRST_SLOT
    clock.move_to(FIRST_SLOT + HOUR)
    (opened,) = await settle(accounts, hourly)
    assert opened.slot == FIRST_SLOT + HOUR
    assert len(await runs(database)) == 2


async def test_a_changed_zone_is_a_changed_promise(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    await settle(accounts, NIGHTLY)
    await settle(accounts, in_force(layer(timezone="Asia/Kolkata")))
    clock.move_to(FIRST_SLOT)
    await settle(accounts, in_force(layer(timezone="Asia/Kolkata")))
    assert await shown(database) == [("02 21:30", "missed")]


async def test_a_jittered_layer_is_due_later_and_its_slot_is_not_moved(
    accounts: Accounts, clock: SimulatedClock, database: Database
) -> None:
    jittered = in_force(layer(jitter=3600))
    offset = timedelta(seconds=jitter_offset("nightly", 3600))
    await settle(accounts, jittered)
    clock.move_to(FIRST_SLOT + offset - timedelta(seconds=1))
    assert await settle(accounts, jittered) == []
    changed = in_force(layer(jitter=3600, trigger_threshold=5))
    assert await settle(accounts, changed) == []  # another registration, the same promise
    clock.move_to(FIRST_SLOT + offset + timedelta(seconds=0.25))
    (opened,) = await settle(accounts, changed)
    assert (opened.slot, opened.trigger) == (FIRST_SLOT, Trigger.SCHEDULE)
    assert (await RunsView(database).get(opened.id)).lateness_seconds == 0.25


async def test_a_slot_that_waits_for_its_jitter_is_not_lost_to_an_edit(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    assert jitter_offset("nightly", 3600) > 1
    await settle(accounts, in_force(layer(jitter=3600)))
    clock.move_to(FIRST_SLOT + timedelta(seconds=1))
    (opened,) = await settle(accounts, in_force(layer(schedule="0 5 * * *")))
    assert opened.slot == FIRST_SLOT
    async with database.read() as connection:
        assert await connection.scalar(select(layer_run.c.due_at)) == FIRST_SLOT


async def test_a_layer_whose_file_is_gone_leaves_no_slot_unexplained(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    await settle(accounts, NIGHTLY)
    clock.move_to(FIRST_SLOT)
    assert await settle(accounts, {}) == []
    (run,) = await runs(database)
    assert (run.status, run.reason) == (RunStatus.SKIPPED, "there is no such layer any more")
    clock.move_to(FIRST_SLOT + DAY)
    assert await settle(accounts, {}) == []
    await settle(accounts, NIGHTLY)  # it is back: from now on
    assert len(await runs(database)) == 1


async def test_pauses_and_failures_survive_a_registration(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    await settle(accounts, NIGHTLY)
    states = LayerStateStore(database)
    pause = Pause(clock.now(), None, "ada", "moving")
    await states.pause("nightly", pause)
    await states.count_failure("nightly")
    await settle(accounts, in_force(layer(schedule="@hourly")))
    state = await states.get("nightly")
    assert state is not None
    assert (state.pause, state.failures_in_row) == (pause, 1)
    clock.move_to(FIRST_SLOT)
    await settle(accounts, in_force(layer(schedule="@hourly")))
    assert {run.reason for run in await runs(database)} == {"paused by ada: moving"}


async def test_a_disabled_layer_is_skipped_with_that_reason(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    await settle(accounts, NIGHTLY)
    clock.move_to(FIRST_SLOT)
    assert await settle(accounts, in_force(layer(enabled=False))) == []
    assert [run.reason for run in await runs(database)] == ["disabled"]


async def test_two_processes_settle_one_account_once(
    database: Database, clock: SimulatedClock
) -> None:
    one, other = (Accounts(database, SchedulerConfig(), clock) for _ in range(2))
    await settle(one, NIGHTLY)
    clock.move_to(FIRST_SLOT + DAY)
    opened = await asyncio.gather(*(settle(each, NIGHTLY) for each in (one, other) * 4))
    assert len([run for found in opened for run in found]) == 1
    assert await shown(database) == [("03 03:00", "missed"), ("04 03:00", "queued")]


async def test_two_processes_whose_clocks_differ_leave_no_slot_with_two_outcomes(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    minutely = in_force(layer(schedule="* * * * *"))
    await settle(accounts, minutely)
    began = clock.now()
    ahead = SimulatedClock(began + 3.5 * HOUR)
    clock.move_to(began + 3 * HOUR)
    other = Accounts(database, SchedulerConfig(), ahead)
    await asyncio.gather(*(one.settle(minutely) for one in (accounts, other, accounts, other)))
    spans = [(run.slot, run.slot_last or run.slot) for run in await runs(database) if run.slot]
    assert all(last < first for (_, last), (first, _) in pairwise(sorted(spans)))
    assert sum(run.slot_count for run in await runs(database)) == 210


async def test_a_layer_without_schedule_owes_no_slots(
    accounts: Accounts, database: Database, clock: SimulatedClock
) -> None:
    by_hand = in_force(layer(schedule=None, trigger_threshold=10, trigger_category="user"))
    await settle(accounts, by_hand)
    clock.move_to(FIRST_SLOT + DAY)
    assert await settle(accounts, by_hand) == []
    state = await LayerStateStore(database).get("nightly")
    assert state is not None
    assert state.registration.trigger_threshold == 10
    assert state.registration.trigger_categories == {"user"}


class Turns:
    """How often the loop comes round: it would not, if the counting were done in it."""

    taken = 0

    async def count(self) -> None:
        while True:
            await asyncio.sleep(0.005)
            self.taken += 1
