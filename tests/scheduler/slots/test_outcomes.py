"""What becomes of owed slots: each has one outcome, and there are never many outcomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos.reflect.layer import CatchUp
from zos.reflect.schedule import parse_schedule
from zos.reflect.states import RunStatus, Trigger
from zos.scheduler.slots.outcomes import (
    MAX_CATCH_UP_RUNS,
    MAX_SINGLE_OUTCOMES,
    Outcome,
    Terms,
    outcomes,
    spoken,
)
from zos.scheduler.state.model import Pause

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ONCE = Terms(HOUR * 6, CatchUp.ONCE)


def ago(hours: float) -> datetime:
    return NOW - HOUR * hours


def pause(since: float, until: float | None = None) -> Pause:
    return Pause(ago(since), None if until is None else ago(until), "ada", "moving house")


def shown(found: list[Outcome]) -> list[tuple[float, str]]:
    """Each outcome as hours ago and its status."""
    return [(round((NOW - one.first) / HOUR, 3), one.status.value) for one in found]


def test_a_slot_on_time_runs_as_scheduled() -> None:
    (found,) = outcomes([ago(0.01)], ONCE, None, NOW)
    assert (found.status, found.trigger, found.reason) == (
        RunStatus.QUEUED,
        Trigger.SCHEDULE,
        "due",
    )


def test_a_late_slot_within_its_grace_is_made_up_for() -> None:
    (found,) = outcomes([ago(5.5)], ONCE, None, NOW)
    assert (found.status, found.trigger) == (RunStatus.QUEUED, Trigger.CATCH_UP)
    assert found.reason == "made up for after 5 h 30 min"


def test_a_slot_past_its_grace_is_missed() -> None:
    (found,) = outcomes([ago(6.1)], ONCE, None, NOW)
    assert found.status is RunStatus.MISSED
    assert found.reason == "not started within its grace time of 6 h"


def test_no_grace_still_lets_the_timer_be_a_little_late() -> None:
    strict = Terms(timedelta(0), CatchUp.ONCE)
    assert shown(outcomes([ago(0.02), ago(0.01)], strict, None, NOW)) == [
        (0.02, "missed"),
        (0.01, "queued"),
    ]


def test_once_runs_the_newest_and_coalesces_the_others_into_it() -> None:
    found = outcomes([ago(7), ago(5), ago(3), ago(1)], ONCE, None, NOW)
    assert shown(found) == [(7, "missed"), (5, "coalesced"), (3, "coalesced"), (1, "queued")]
    assert found[1].reason == "answered by the fire of 2026-03-02 11:00 UTC"


def test_all_runs_every_one_of_them_in_order() -> None:
    found = outcomes([ago(7), ago(5), ago(3)], Terms(HOUR * 6, CatchUp.ALL), None, NOW)
    assert shown(found) == [(7, "missed"), (5, "queued"), (3, "queued")]


def test_none_runs_only_what_is_on_time() -> None:
    found = outcomes([ago(5), ago(0.01)], Terms(HOUR * 6, CatchUp.NONE), None, NOW)
    assert shown(found) == [(5, "missed"), (0.01, "queued")]
    assert "does not catch up" in found[0].reason


def test_a_paused_layer_skips_and_says_who_paused_it_and_why() -> None:
    found = outcomes([ago(7), ago(5), ago(1)], ONCE, pause(since=4), NOW)
    assert shown(found) == [(7, "missed"), (5, "skipped"), (1, "skipped")]
    assert found[2].reason == "paused by ada: moving house"


def test_a_pause_that_is_over_still_explains_its_slots() -> None:
    found = outcomes([ago(5), ago(3), ago(1)], ONCE, pause(since=4, until=2), NOW)
    assert shown(found) == [(5, "coalesced"), (3, "skipped"), (1, "queued")]


def test_a_disabled_layer_skips_everything() -> None:
    disabled = Terms(HOUR * 6, CatchUp.ONCE, off="disabled")
    assert shown(outcomes([ago(9), ago(1)], disabled, None, NOW)) == [
        (9, "skipped"),
        (1, "skipped"),
    ]


def test_lateness_counts_from_the_layers_own_offset() -> None:
    late_by_design = Terms(HOUR, CatchUp.ONCE, offset=HOUR * 2)
    (found,) = outcomes([ago(2)], late_by_design, None, NOW)
    assert (found.status, found.trigger) == (RunStatus.QUEUED, Trigger.SCHEDULE)


def test_nothing_due_has_no_outcome() -> None:
    assert outcomes([], ONCE, None, NOW) == []


def test_a_month_of_minutes_is_a_handful_of_outcomes_that_cover_it() -> None:
    start = NOW - timedelta(days=30)
    minutes = parse_schedule("* * * * *").fires_after(start, ZoneInfo("UTC"))
    found = outcomes(takewhile(lambda slot: slot <= NOW, minutes), ONCE, None, NOW)
    assert len(found) == 2 * (MAX_SINGLE_OUTCOMES + 1)
    assert sum(one.count for one in found) == 30 * 24 * 60
    assert [one.status.value for one in found if one.count > 1] == ["missed", "coalesced"]


def test_all_has_a_bound_and_what_is_past_it_is_missed() -> None:
    slots = [NOW - timedelta(minutes=minute) for minute in range(300, 0, -1)]
    found = outcomes(slots, Terms(HOUR * 6, CatchUp.ALL), None, NOW)
    assert [one.status for one in found[1:]] == [RunStatus.QUEUED] * MAX_CATCH_UP_RUNS
    assert (found[0].status, found[0].count) == (RunStatus.MISSED, 200)
    assert "more than 100" in found[0].reason


@given(
    minutes=st.sets(st.integers(min_value=0, max_value=20_000), max_size=300),
    grace=st.integers(min_value=0, max_value=300),
    catch_up=st.sampled_from(CatchUp),
    paused=st.none() | st.tuples(st.integers(0, 20_000), st.none() | st.integers(0, 20_000)),
    enabled=st.booleans(),
)
def test_every_slot_is_covered_once_and_at_most_one_runs_unless_all_do(
    minutes: set[int],
    grace: int,
    catch_up: CatchUp,
    paused: tuple[int, int | None] | None,
    *,
    enabled: bool,
) -> None:
    slots = sorted(NOW - timedelta(minutes=minute) for minute in minutes)
    terms = Terms(HOUR * grace, catch_up, off="" if enabled else "disabled")
    stop = pause(paused[0] / 60, None if paused[1] is None else paused[1] / 60) if paused else None
    found = outcomes(slots, terms, stop, NOW)
    covered = [slot for one in found for slot in slots if one.first <= slot <= one.last]
    assert covered == slots
    assert sum(one.count for one in found) == len(slots)
    runs = [one for one in found if one.status is RunStatus.QUEUED]
    assert len(runs) <= (MAX_CATCH_UP_RUNS if catch_up is CatchUp.ALL else 1)
    coalesced = [one for one in found if one.status is RunStatus.COALESCED]
    assert not coalesced or coalesced[-1].last < runs[-1].first


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (61, "1 min 1 s"), (5_400, "1 h 30 min"), (172_800, "2 d"), (90_061, "1 d 1 h")],
)
def test_lengths_of_time_are_spoken(seconds: int, words: str) -> None:
    assert spoken(timedelta(seconds=seconds)) == words
