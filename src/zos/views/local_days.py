"""A range of local days, and the SQL that says on which of them a moment is.

Days are not all 24 hours long: where clocks are changed, a day of 23 or 25 hours stands alone, and
the others are counted off from the midnight that they follow in one row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, case, literal, type_coerce

from zos.db.tables.base import to_micros

_DAY_MICROS = 24 * 3_600 * 1_000_000


@dataclass(frozen=True, slots=True)
class LocalDays:
    """`count` days of `zone`, from `first` on."""

    first: date
    count: int
    zone: ZoneInfo

    @classmethod
    def until(cls, now: datetime, count: int, zone: ZoneInfo) -> LocalDays:
        """Return the last `count` days, that of `now` (aware) included."""
        return cls(now.astimezone(zone).date() - timedelta(days=count - 1), count, zone)

    @property
    def since(self) -> datetime:
        """The start of the first day."""
        return self.midnight(0)

    @property
    def end(self) -> datetime:
        """The end of the last day (exclusive)."""
        return self.midnight(self.count)

    def midnight(self, number: int) -> datetime:
        """Return the start of the day of that number; the first has 0."""
        return datetime.combine(self.date(number), time(), self.zone)

    def date(self, number: int) -> date:
        """Return the day of that number."""
        return self.first + timedelta(days=number)

    def number_of(self, moment: ColumnElement[Any]) -> ColumnElement[int]:
        """Return the SQL of the number of the day on which `moment`, within the range, is."""
        at = type_coerce(moment, BigInteger)
        whens = []
        for number, start, end, is_odd in self._rows():
            since = literal(0) if is_odd else (at - _whole(start)) // _whole(_DAY_MICROS)
            whens.append((at < _whole(end), _whole(number) + since))
        return case(*whens)

    def _rows(self) -> Iterator[tuple[int, int, int, bool]]:
        """Yield rows of days of equal length: number and start of the first, end of the last, whether it is an odd one."""
        midnights = [to_micros(self.midnight(number)) for number in range(self.count + 1)]
        odd = [after - before != _DAY_MICROS for before, after in pairwise(midnights)]
        begun = 0
        for number in range(self.count):
            is_last = number + 1 == self.count
            if is_last or odd[number] or odd[number + 1]:
                yield begun, midnights[begun], midnights[number + 1], odd[begun]
                begun = number + 1


def _whole(number: int) -> ColumnElement[int]:
    return literal(number, BigInteger)
