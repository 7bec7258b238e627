"""Slots that were, and slots that are to come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from tests.web.conftest import Web
from tests.web.conftest import on_sqlite as config

from zos.reflect.layer import Layer
from zos.reflect.states import RunStatus
from zos.views.job_rows import PauseView
from zos.views.jobs import JobStatus
from zos.views.slots import RecordedSlot
from zos.web.agenda import MAX_COMING, Due, by_day_if_many, coming, first_fire, past, state_of

__all__ = ["config"]

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
UTC_ZONE = ZoneInfo("UTC")


def recorded(status: RunStatus, reason: str = "", insights: int = 0) -> RecordedSlot:
    return RecordedSlot("nightly", NOON, None, 1, "1", status, reason, insights)


def due(at: datetime, state: str = "success", count: int = 1) -> Due:
    return Due("nightly", at, at, state, "", count, "1")


@pytest.fixture
async def nightly(web: Web) -> tuple[Layer, JobStatus]:
    """A layer that fires at 03:00 UTC, and its job at noon."""
    job = await web.services.jobs.get("nightly", web.clock.now())
    return web.services.loader.require("nightly"), job


def test_a_slot_says_its_outcome_and_the_reason() -> None:
    ran = recorded(RunStatus.SUCCESS, insights=3)
    went_by = recorded(RunStatus.SKIPPED, "paused by ann")
    found = past([ran, went_by, recorded(RunStatus.DRY)])
    assert [(one.state, one.reason, one.tone) for one in found] == [
        ("success", "3 insights", "good"),
        ("skipped", "paused by ann", "hollow"),
        ("dry", "", "good hollow"),
    ]


async def test_what_is_to_come_reaches_beyond_the_next_fires(
    nightly: tuple[Layer, JobStatus],
) -> None:
    found = coming(*nightly, NOON + 14 * DAY)
    assert [one.at for one in found] == [NOON + n * DAY - 9 * HOUR for n in range(1, 15)]
    assert {one.state for one in found} == {"coming"}
    assert len(coming(*nightly, NOON + 9_999 * DAY)) == MAX_COMING


async def test_what_a_pause_covers_will_go_by(nightly: tuple[Layer, JobStatus]) -> None:
    layer, job = nightly
    paused = replace(job, paused=PauseView(NOON, NOON + 2 * DAY, "ann", "moving"))
    found = coming(layer, paused, NOON + 3 * DAY)
    assert [(one.state, one.reason) for one in found] == [
        ("going-by", "paused by ann: moving"),
        ("going-by", "paused by ann: moving"),
        ("coming", "At 03:00 every day"),
    ]
    first = first_fire(paused)
    assert first is not None
    assert first.utc == found[2].at
    assert first_fire(replace(job, paused=PauseView(NOON, None, "ann", ""))) is None


async def test_a_disabled_layer_has_nothing_ahead_of_it(nightly: tuple[Layer, JobStatus]) -> None:
    layer, job = nightly
    assert coming(layer, replace(job, next_fires=()), NOON + 14 * DAY) == []


async def test_a_layer_stands_in_one_of_four_ways(web: Web) -> None:
    job = await web.services.jobs.get("nightly", NOON)
    await web.api.open(status=RunStatus.RUNNING)
    running = await web.services.jobs.get("nightly", NOON)
    paused = replace(job, paused=PauseView(NOON, None, "ann", ""))
    found = [state_of(one) for one in (job, running, paused, replace(paused, enabled=False))]
    assert found == ["active", "running", "paused", "disabled"]


def test_a_few_slots_a_day_stay_as_they_are() -> None:
    slots = [due(NOON + n * 6 * HOUR) for n in range(8)]
    assert by_day_if_many(slots[::-1], UTC_ZONE) == slots


def test_many_slots_a_day_become_one_that_says_the_worst() -> None:
    slots = [due(NOON - 12 * HOUR + n * HOUR) for n in range(24)]
    slots[5] = due(slots[5].at, "failed")
    slots[20:] = [replace(one, state="coming") for one in slots[20:]]
    was, will_be = by_day_if_many(slots, UTC_ZONE)
    assert (was.state, was.reason, was.count) == ("failed", "20 slots: 19 success, 1 failed", 20)
    assert (was.at, was.last, was.run_id) == (slots[0].at, slots[19].at, None)
    assert (will_be.state, will_be.reason) == ("coming", "4 slots: 4 coming")
