"""What became of a layer's slots."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.views.conftest import NOON, History

from zos.db.engine import Database
from zos.reflect.states import RunStatus, Trigger
from zos.views.slots import SlotsView

BERLIN = ZoneInfo("Europe/Berlin")
DAY = timedelta(days=1)


@pytest.fixture
def view(database: Database) -> SlotsView:
    return SlotsView(database)


async def test_slots_are_shown_newest_first_in_utc_and_on_the_layers_wall_clock(
    view: SlotsView, history: History
) -> None:
    for day in (0, 2, 1):
        await history.open(slot=NOON + day * DAY, at=NOON + 3 * DAY)
    found = (await view.page("nightly", BERLIN)).items
    assert [one.slot for one in found] == [NOON + 2 * DAY, NOON + DAY, NOON]
    assert found[2].local.isoformat() == "2026-03-02T13:00:00+01:00"


async def test_only_the_layers_own_slots_are_shown_and_no_manual_runs(
    view: SlotsView, history: History
) -> None:
    await history.open("weekly", slot=NOON)
    await history.open(trigger=Trigger.MANUAL)
    assert (await view.page("nightly", BERLIN)).items == ()


async def test_a_summary_tells_how_many_slots_it_answers_for(
    view: SlotsView, history: History
) -> None:
    await history.open(
        slot=NOON,
        slot_last=NOON + 9 * DAY,
        slot_count=10,
        status=RunStatus.MISSED,
        reason="the service was down",
    )
    (found,) = (await view.page("nightly", BERLIN)).items
    assert (found.run.slot_count, found.run.slot_last) == (10, NOON + 9 * DAY)
    assert found.run.reason == "the service was down"


async def test_pages_of_slots_neither_skip_nor_repeat(view: SlotsView, history: History) -> None:
    for day in range(5):
        await history.open(slot=NOON + day * DAY)
    first = await view.page("nightly", BERLIN, limit=3)
    assert first.next_cursor is not None
    before = datetime.fromisoformat(first.next_cursor)
    second = await view.page("nightly", BERLIN, limit=3, before=before)
    slots = [one.slot for one in (*first.items, *second.items)]
    assert slots == [NOON + day * DAY for day in (4, 3, 2, 1, 0)]
    assert second.next_cursor is None


async def test_slots_of_several_layers_are_shown_between_two_times(
    view: SlotsView, history: History
) -> None:
    for day, layer in ((0, "nightly"), (1, "weekly"), (2, "nightly"), (3, "other")):
        await history.open(layer, slot=NOON + day * DAY, status=RunStatus.MISSED, reason="down")
    found = await view.between(["nightly", "weekly"], NOON + DAY, NOON + 30 * DAY)
    assert [(one.layer, one.slot) for one in found.slots] == [
        ("nightly", NOON + 2 * DAY),
        ("weekly", NOON + DAY),
    ]
    assert {(one.status, one.reason) for one in found.slots} == {(RunStatus.MISSED, "down")}
    assert not found.is_cut
    assert found.before == NOON
    earlier = await view.between(["nightly", "weekly"], NOON - DAY, NOON + DAY)
    assert [(one.layer, one.slot) for one in earlier.slots] == [("nightly", NOON)]
    assert earlier.before is None


async def test_a_summary_that_reaches_past_the_time_is_there(
    view: SlotsView, history: History
) -> None:
    for layer, days in (("ended", 4), ("reaches", 6)):
        await history.open(
            layer,
            slot=NOON,
            slot_last=NOON + days * DAY,
            slot_count=days + 1,
            status=RunStatus.MISSED,
            reason="down",
        )
    await history.open("ended", slot=NOON + 7 * DAY)
    found = (await view.between(["ended", "reaches"], NOON + 5 * DAY, NOON + 30 * DAY)).slots
    assert [(one.layer, one.slot_count) for one in found] == [("ended", 1), ("reaches", 7)]
    assert [
        one.layer
        for one in (await view.between(["reaches"], NOON + 7 * DAY, NOON + 30 * DAY)).slots
    ] == []


async def test_too_many_slots_are_cut_at_the_oldest(view: SlotsView, history: History) -> None:
    for day in range(4):
        await history.open(slot=NOON + day * DAY)
    found = await view.between(["nightly"], NOON, NOON + 30 * DAY, limit=3)
    assert [one.slot for one in found.slots] == [NOON + day * DAY for day in (3, 2, 1)]
    assert found.is_cut
