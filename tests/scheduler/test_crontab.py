"""`CrontabTrigger`: the next fire in its zone, a fixed offset late, and never a walk through the past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from zos.reflect.schedule import parse_schedule
from zos.scheduler.crontab import CrontabTrigger, jitter_offset

UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")]
EXPRESSIONS = ["0 3 * * *", "0 4 * * 0", "*/7 * * * *", "30 2 * * *", "15 1,13 1 * fri", "@monthly"]
MONDAY = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def trigger(text: str, zone: ZoneInfo = UTC_ZONE, offset_seconds: int = 0) -> CrontabTrigger:
    return CrontabTrigger(parse_schedule(text), zone, offset_seconds)


def fires(of: CrontabTrigger, start: datetime, count: int) -> list[datetime]:
    moments = [of.get_next_fire_time(None, start)]
    while len(moments) < count:
        moments.append(of.get_next_fire_time(moments[-1], moments[-1]))
    return moments


def test_sunday_is_sunday() -> None:
    naive = CronTrigger.from_crontab("0 0 * * 0", timezone=UTC)
    assert naive.get_next_fire_time(None, MONDAY).strftime("%A") == "Monday"
    assert trigger("0 0 * * 0").get_next_fire_time(None, MONDAY).strftime("%A") == "Sunday"


@pytest.mark.parametrize("text", ["0 0 * * 7", "0 0 * * 5-7", "@daily"])
def test_what_from_crontab_refuses_is_read(text: str) -> None:
    with pytest.raises(ValueError, match=r"five|fields|Unrecognized|higher|must|error"):
        CronTrigger.from_crontab(text)
    assert trigger(text).get_next_fire_time(None, MONDAY) > MONDAY


def test_the_second_friday_is_not_every_friday() -> None:
    naive = CronTrigger.from_crontab("0 0 * * fri#2", timezone=UTC)
    assert naive.get_next_fire_time(None, MONDAY).day == 6
    assert trigger("0 0 * * fri#2").get_next_fire_time(None, MONDAY).day == 13


def test_day_of_month_or_day_of_week_suffices() -> None:
    naive = CronTrigger.from_crontab("0 0 13 * fri", timezone=UTC)
    assert naive.get_next_fire_time(None, MONDAY).day == 13  # and only when it is a Friday
    assert trigger("0 0 13 * fri").get_next_fire_time(None, MONDAY).day == 6


def test_a_time_that_the_clock_skips_fires_when_the_clock_goes_on() -> None:
    saturday = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    naive = CronTrigger.from_crontab("30 2 * * *", timezone=BERLIN)
    imaginary = naive.get_next_fire_time(None, saturday).astimezone(UTC)
    assert imaginary.astimezone(BERLIN).isoformat() == "2026-03-29T03:30:00+02:00"
    first = trigger("30 2 * * *", BERLIN).get_next_fire_time(None, saturday)
    assert first.astimezone(BERLIN).isoformat() == "2026-03-29T03:00:00+02:00"


def test_a_time_that_comes_twice_fires_once() -> None:
    saturday = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    naive = CronTrigger.from_crontab("30 2 * * *", timezone=BERLIN)
    first = naive.get_next_fire_time(None, saturday)
    second = naive.get_next_fire_time(first, first + timedelta(seconds=1))
    assert second.astimezone(UTC) - first.astimezone(UTC) == timedelta(hours=1)
    ours = fires(trigger("30 2 * * *", BERLIN), saturday, 2)
    assert ours[1] - ours[0] == timedelta(hours=25)  # the same time of the next day


def test_a_year_asleep_costs_two_looks_and_names_one_overdue_fire() -> None:
    every_minute = trigger("* * * * *")
    overdue, now = MONDAY, MONDAY + timedelta(days=365)
    started = perf_counter()
    assert every_minute.get_next_fire_time(overdue, now) == now + timedelta(minutes=1)
    assert perf_counter() - started < 0.1


def test_the_offset_moves_the_timer_and_not_the_slots() -> None:
    late = trigger("0 3 * * *", offset_seconds=90)
    assert late.get_next_fire_time(None, MONDAY).isoformat() == "2026-03-03T03:01:30+00:00"
    between = datetime(2026, 3, 3, 3, 1, tzinfo=UTC)
    assert late.get_next_fire_time(None, between).isoformat() == "2026-03-03T03:01:30+00:00"


def test_a_clock_set_back_does_not_bring_a_fire_twice() -> None:
    daily = trigger("0 3 * * *")
    fired = datetime(2026, 3, 3, 3, 0, tzinfo=UTC)
    set_back = fired - timedelta(minutes=40)
    assert daily.get_next_fire_time(fired, set_back) == fired + timedelta(days=1)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_a_year_of_fires_is_cronsims_year(text: str, zone: ZoneInfo) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ours = fires(trigger(text, zone), start, 300)
    assert all(before < after for before, after in pairwise(ours))
    wall = UTC if zone.key == "UTC" else zone
    theirs = CronSim(trigger(text).schedule.expression, start.astimezone(wall))
    assert ours == [next(theirs).astimezone(UTC) for _ in ours]


def test_triggers_are_equal_when_they_fire_alike() -> None:
    assert trigger("@daily") == trigger("0 0 * * *")
    assert trigger("@daily") != trigger("@daily", BERLIN)
    assert trigger("@daily") != trigger("@daily", offset_seconds=1)
    assert trigger("@daily") != "@daily"
    assert len({trigger("@daily"), trigger("0 0 * * *")}) == 1
    assert str(trigger("@daily", BERLIN)) == "@daily in Europe/Berlin"


@given(st.text(), st.integers(min_value=0, max_value=86_400))
def test_an_offset_is_within_the_jitter_and_always_the_same(layer: str, jitter: int) -> None:
    offset = jitter_offset(layer, jitter)
    assert 0 <= offset <= jitter
    assert offset == jitter_offset(layer, jitter)


def test_offsets_spread_layers_over_the_jitter() -> None:
    offsets = {jitter_offset(f"layer-{number}", 600) // 60 for number in range(200)}
    assert len(offsets) >= 10
