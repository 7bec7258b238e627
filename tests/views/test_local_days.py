"""Ranges of local days begin and end at the midnights of the wall clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from zos.views.local_days import LocalDays


def test_a_range_ends_with_the_day_of_now() -> None:
    now = datetime(2026, 3, 30, 22, 30, tzinfo=UTC)
    days = LocalDays.until(now, 2, ZoneInfo("Europe/Berlin"))
    assert (days.first, days.date(1)) == (date(2026, 3, 30), date(2026, 3, 31))
    assert days.since.isoformat() == "2026-03-30T00:00:00+02:00"
    assert days.end.isoformat() == "2026-04-01T00:00:00+02:00"
