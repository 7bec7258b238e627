"""A layer's state as it is remembered: its promise, its pause, its record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from zoneinfo import ZoneInfo

from zos.reflect.schedule import parse_schedule


@dataclass(frozen=True, slots=True)
class Pause:
    """A layer's pause: from `since` until `until` (excluded), or until somebody resumes it."""

    since: datetime
    until: datetime | None
    by: str
    note: str

    def covers(self, moment: datetime) -> bool:
        """Return whether the layer is paused at `moment`."""
        return self.since <= moment and (self.until is None or moment < self.until)

    def __str__(self) -> str:
        return f"paused by {self.by}" + (f": {self.note}" if self.note else "")


@dataclass(frozen=True, slots=True)
class Promise:
    """A schedule in its zone. Every slot of it is owed an outcome."""

    schedule: str
    timezone: str

    def slots(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Yield its slots later than `after` and not later than `until`, oldest first, in UTC."""
        fires = parse_schedule(self.schedule).fires_after(after, ZoneInfo(self.timezone))
        return takewhile(lambda slot: slot <= until, fires)


@dataclass(frozen=True, slots=True)
class Registration:
    """What a layer's definition asks to be remembered.

    Attributes:
        promise: None if the layer has no schedule.
        trigger_categories: Categories of topics whose insights count; empty: all.
    """

    layer: str
    promise: Promise | None
    trigger_threshold: int | None = None
    trigger_categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LayerState:
    """One layer's row.

    Attributes:
        registration: As it is remembered, which may be older than the layer's file.
        registered_at: When the promise was made.
        recorded_until: The last slot that has an outcome.
        failures_in_row: Failed runs since the last one that did not fail, or since a resume.
    """

    registration: Registration
    registered_at: datetime
    recorded_until: datetime | None
    pause: Pause | None
    failures_in_row: int

    @property
    def owes_after(self) -> datetime:
        """The moment after which no slot has an outcome yet."""
        return max(self.registered_at, self.recorded_until or self.registered_at)

    def is_paused(self, now: datetime) -> bool:
        """Return whether the layer is paused at `now`."""
        return self.pause is not None and self.pause.covers(now)
