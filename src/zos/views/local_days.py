"""A range of local days. They are not all 24 hours long: where clocks are changed, one has 23 or 25."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


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
