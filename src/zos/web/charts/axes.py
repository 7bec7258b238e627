"""Where values stand in a chart, and which of them are written along its sides. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import ceil, floor, log10
from zoneinfo import ZoneInfo

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
_DAYS_APART = (1, 2, 7, 14, 28, 91, 182, 364)


@dataclass(frozen=True, slots=True)
class Axis:
    """A straight scale: `low` stands at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return where `value` stands, to a tenth of a pixel."""
        length = self.high - self.low
        part = (value - self.low) / length if length else 0.0
        return round(self.start + part * (self.end - self.start), 1)


def round_steps(high: float, *, about: int) -> list[float]:
    """Return round numbers from 0 to the first one that is not below `high`, some `about` of them."""
    if high <= 0:
        return [0.0, 1.0]
    rough = high / about
    unit = 10.0 ** floor(log10(rough))
    step = next(unit * part for part in _ROUND if unit * part >= rough * 0.999)
    return [round(step * number, 9) for number in range(ceil(high / step * 0.999) + 1)]


def days_between(start: datetime, end: datetime, zone: ZoneInfo, *, at_most: int) -> list[datetime]:
    """Return midnights of `zone` from `start` to `end`, evenly apart, no more than `at_most`."""
    first = start.astimezone(zone).date()
    days = (end.astimezone(zone).date() - first).days + 1
    apart = next((one for one in _DAYS_APART if days / one <= at_most), ceil(days / at_most))
    found = (midnight(first + timedelta(days=day), zone) for day in range(0, days, apart))
    return [one for one in found if start <= one <= end]


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the beginning of a local day."""
    return datetime.combine(day, time(), zone)
