"""`CrontabTrigger`: a cron schedule in its zone, as APScheduler's timer asks for it.

In: the fire before and the present. Out: the next fire. The timer is woken a fixed offset after
the nominal slot (a layer's jitter); the slot itself is never moved.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger

from zos.reflect.schedule import Schedule


def jitter_offset(layer: str, jitter_seconds: int) -> int:
    """Return the whole seconds, 0 to `jitter_seconds`, that `layer` is woken after each of its slots.

    It depends on the layer's name alone, so that it is the same on every machine and every day.
    """
    digest = hashlib.sha256(layer.encode()).digest()
    return int.from_bytes(digest[:8], "big") % (jitter_seconds + 1)


class CrontabTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler ships no types
    """Fires when `schedule` does on `zone`'s wall clock, plus a fixed offset.

    It never looks back: after a long sleep it names one overdue fire and then the first in the
    future. What was missed in between is the business of `zos.scheduler.slots`.

    Args:
        schedule: The cron schedule.
        zone: Whose wall clock; always given, never the process's own.
        offset_seconds: How long after its slot the layer is woken.
    """

    __slots__ = ("offset_seconds", "schedule", "zone")

    def __init__(self, schedule: Schedule, zone: ZoneInfo, offset_seconds: int = 0) -> None:
        self.schedule = schedule
        self.zone = zone
        self.offset_seconds = offset_seconds

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the first fire (UTC) later than both `previous_fire_time` and `now`."""
        after = now if previous_fire_time is None else max(previous_fire_time, now)
        offset = timedelta(seconds=self.offset_seconds)
        return self.schedule.next_after(after - offset, self.zone) + offset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CrontabTrigger) and self._identity == other._identity

    def __hash__(self) -> int:
        return hash(self._identity)

    def __str__(self) -> str:
        return f"{self.schedule} in {self.zone.key}"

    @property
    def _identity(self) -> tuple[str, str, int]:
        return (self.schedule.expression, self.zone.key, self.offset_seconds)
