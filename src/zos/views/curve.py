"""What a topic held over time, told from its ledger and what it holds now. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from zos.db.tables import MICRO
from zos.salience.model import EntryKind, LedgerEntry

_TAKEN = frozenset({EntryKind.SPENT, EntryKind.RESET, EntryKind.RETAINED})


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One change of what a topic holds, in points of salience.

    Attributes:
        change: Signed.
        before: What it held before; `salience` is what it held afterwards.
        run_id: The run that spent it.
    """

    at: datetime
    kind: EntryKind
    change: float
    before: float
    salience: float
    run_id: str | None


@dataclass(frozen=True, slots=True)
class CurveDay:
    """One local day of a topic: what it earned, lost by time, paid for being thought about, and held at the end."""

    day: date
    earned: float
    decayed: float
    spent: float
    salience: float


def curve_of(entries: Iterable[LedgerEntry], balance_micro: int) -> tuple[CurvePoint, ...]:
    """Return the changes by the time of what they are for, oldest first.

    What happened is booked in batches, kind by kind: the ledger's own order is not that of time.

    Args:
        entries: The newest rows of the ledger.
        balance_micro: What they led to.
    """
    points: list[CurvePoint] = []
    in_order = sorted(entries, key=lambda one: (one.at, one.id))
    before = balance_micro - sum(one.amount_micro for one in in_order)
    for one in in_order:
        held = before + one.amount_micro
        amounts = (one.amount_micro / MICRO, before / MICRO, held / MICRO)
        points.append(CurvePoint(one.at, one.kind, *amounts, one.run_id))
        before = held
    return tuple(points)


def days_of(points: Sequence[CurvePoint], zone: ZoneInfo) -> tuple[CurveDay, ...]:
    """Return the same by local day, newest first; days without a change are left out."""
    by_day: dict[date, list[CurvePoint]] = {}
    for point in points:
        by_day.setdefault(point.at.astimezone(zone).date(), []).append(point)
    return tuple(_day(day, by_day[day]) for day in sorted(by_day, reverse=True))


def _day(day: date, points: Sequence[CurvePoint]) -> CurveDay:
    taken = [point.change for point in points if point.kind in _TAKEN]
    decayed = [point.change for point in points if point.kind is EntryKind.DECAY]
    total = sum(point.change for point in points)
    earned = total - sum(taken) - sum(decayed)
    return CurveDay(day, earned, -sum(decayed), -sum(taken), points[-1].salience)
