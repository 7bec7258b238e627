"""Cron expressions: in, a text of five fields or an `@name`; out, the moments at which it fires.

The fields are Vixie cron's, read by cronsim, with its `L`, `LW` and `fri#2`. Daylight saving is
Vixie cron's too: a fixed time that the clock skips fires when the clock goes on, and one that
comes twice fires once; expressions whose minute or hour starts with `*` follow the real time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from zos.core.errors import ScheduleError

_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = ("minute", "hour", "day of month", "month", "day of week")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_RANGE = re.compile(r"(?P<first>\w+)-(?P<last>\w+)(?P<step>/\w+)?")
_LAST_STEP = re.compile(r"lw?/\w+")
_PROBE = datetime(2000, 1, 1, tzinfo=UTC)
_MAX_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Schedule:
    """A valid cron expression. Make it with `parse_schedule`.

    Attributes:
        text: As it was written, with single spaces.
        expression: The same in five fields.
    """

    text: str
    expression: str

    def __str__(self) -> str:
        return self.text

    def fires_after(self, moment: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Yield the fires later than `moment` (aware), oldest first, in UTC, without end.

        Args:
            moment: Aware; itself never yielded.
            zone: The zone whose wall clock the expression is about.
        """
        wall = UTC if isinstance(zone, ZoneInfo) and zone.key == "UTC" else zone
        for fire in CronSim(self.expression, moment.astimezone(wall)):
            # Within the second pass of an hour that comes twice, cronsim goes by the wall clock
            # and names the first pass again.
            if fire > moment:
                yield fire.astimezone(UTC)

    def next_after(self, moment: datetime, zone: tzinfo) -> datetime:
        """Return the first fire later than `moment` (aware), in UTC."""
        return next(self.fires_after(moment, zone))

    def explain(self) -> str:
        """Return the expression in English, as in `At 04:00 on Sunday`."""
        return _explained(self.expression)


@lru_cache(maxsize=1_024)
def _explained(expression: str) -> str:
    return CronSim(expression, _PROBE).explain()


@lru_cache(maxsize=1_024)
def parse_schedule(text: str) -> Schedule:
    """Read a cron expression.

    Raises:
        ScheduleError: If cron would not read it, read it in a way that surprises, or never fire it.
    """
    shown = " ".join(text.split())
    if len(shown) > _MAX_LENGTH:
        raise ScheduleError(f"A schedule has at most {_MAX_LENGTH} characters.")
    expression = _expand(shown)
    fields = expression.lower().split(" ")
    if len(fields) != len(_FIELDS):
        raise ScheduleError(
            f"Schedule {shown!r} has {len(fields) if shown else 0} fields instead of five.",
            hint="Write minute, hour, day of month, month and day of week, as in '0 3 * * *'.",
        )
    for name, field in zip(_FIELDS, fields, strict=True):
        _check_field(name, field, shown)
    if not _ever_fires(expression):
        raise ScheduleError(
            f"Schedule {shown!r} never fires: no month that it names has such a day.",
            hint="Check the day of month against the months.",
        )
    return Schedule(shown, expression)


def _expand(shown: str) -> str:
    if not shown.startswith("@"):
        return shown
    if shown.lower() == "@reboot":
        raise ScheduleError(
            "Schedule '@reboot' is no time.",
            hint="Write a cron expression; missed fires are caught up after a restart anyway.",
        )
    try:
        return _NAMES[shown.lower()]
    except KeyError:
        raise ScheduleError(
            f"Schedule {shown!r} is not known.", hint=f"Known names: {', '.join(_NAMES)}."
        ) from None


def _check_field(name: str, field: str, shown: str) -> None:
    for term in field.split(","):
        _check_term(name, term, shown)
    probe = ["*"] * len(_FIELDS)
    probe[_FIELDS.index(name)] = field
    try:
        CronSim(" ".join(probe), _PROBE)
    except CronSimError:
        raise ScheduleError(
            f"Schedule {shown!r} has {field!r} as its {name}, which cron does not know.",
            hint="Numbers, names of days and months, *, lists, ranges and steps may stand there.",
        ) from None


def _check_term(name: str, term: str, shown: str) -> None:
    """Refuse what cronsim reads differently from Vixie cron, and what neither explains well."""
    if _LAST_STEP.fullmatch(term):
        raise ScheduleError(f"Schedule {shown!r} has a step in {term!r}, which means nothing.")
    found = _RANGE.fullmatch(term)
    if found is None:
        return
    first, last = _number(name, found["first"]), _number(name, found["last"])
    if first is None or last is None:
        return
    if first > last:
        raise ScheduleError(
            f"Schedule {shown!r} has the range {term!r}, which goes backwards.",
            hint="List the values instead, as in 'fri,sat,sun,mon'.",
        )
    if first == last and found["step"]:
        raise ScheduleError(
            f"Schedule {shown!r} has {term!r}, a step through a range of one value.",
            hint=f"Write {found['first']!r}.",
        )


def _number(field_name: str, value: str) -> int | None:
    if value.isdecimal():
        return int(value)
    if field_name == "day of week" and value in _DAYS:
        return _DAYS.index(value)
    if field_name == "month" and value in _MONTHS:
        return _MONTHS.index(value) + 1
    return None


def _ever_fires(expression: str) -> bool:
    try:
        return next(CronSim(expression, _PROBE), None) is not None
    except CronSimError:  # each field alone was fine: cronsim sees that they never meet
        return False
