"""What a topic held over time, from its ledger."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from zos.salience.model import EntryKind, LedgerEntry
from zos.views.curve import curve_of, days_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MICRO = 1_000_000


def entry(number: int, kind: EntryKind, points: float, hours: float) -> LedgerEntry:
    at = NOON + timedelta(hours=hours)
    return LedgerEntry(number, kind, round(points * MICRO), at, "b", None)


def test_changes_are_told_by_the_time_of_what_they_are_for_and_end_at_the_balance() -> None:
    points = curve_of(
        [
            entry(3, EntryKind.SPENT, -4, 9),
            entry(2, EntryKind.REPLY, 2, 1),
            entry(1, EntryKind.MESSAGE, 3, 5),
        ],
        6 * MICRO,
    )
    assert [(one.before, one.change, one.salience) for one in points] == [
        (5, 2, 7),
        (7, 3, 10),
        (10, -4, 6),
    ]
    assert curve_of([], 0) == ()


def test_days_say_what_was_earned_decayed_and_paid_for_reflections_newest_first() -> None:
    points = curve_of(
        [
            entry(1, EntryKind.MESSAGE, 10, 0),
            entry(2, EntryKind.SPILLED, 2, 1),
            entry(3, EntryKind.SPENT, -3, 11.5),
            entry(4, EntryKind.RESET, -7, 11.5),
            entry(5, EntryKind.RETAINED, 1, 11.5),
            entry(6, EntryKind.DECAY, -0.5, 30),
        ],
        round(2.5 * MICRO),
    )
    later, first = days_of(points, ZoneInfo("UTC"))
    assert (first.day, first.earned, first.decayed, first.spent, first.salience) == (
        date(2026, 3, 2),
        12,
        0,
        9,
        3,
    )
    assert (later.earned, later.decayed, later.salience) == (0, 0.5, 2.5)
    assert [one.day.day for one in days_of(points, ZoneInfo("Asia/Tokyo"))] == [4, 3, 2]
