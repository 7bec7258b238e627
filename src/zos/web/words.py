"""How values are written for people: money, counts, durations, times. Pure."""

from __future__ import annotations

from calendar import day_name, month_abbr, month_name
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

NOTHING = "–"
"""What stands where there is no value."""

_CENT, _TENTH = 0.01, 0.1
_KIBI = 1024
_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0
_SHORT = 10.0
# A page has hundreds of times, and strftime takes as long as all the rest of each.
_DAYS, _MONTHS, _MONTHS_IN_SHORT = tuple(day_name), tuple(month_name), tuple(month_abbr)


def money(usd: float | None) -> str:
    """Return US dollars: cents, and more digits where cents would hide what was spent."""
    if usd is None:
        return NOTHING
    digits = 2 if usd == 0 or abs(usd) >= _CENT else 4 if abs(usd) >= _CENT**2 else 6
    return f"${usd:,.{digits}f}"


def count(number: float | None) -> str:
    """Return a whole number with its thousands apart."""
    return NOTHING if number is None else f"{number:,.0f}"


def points(salience: float | None) -> str:
    """Return points of salience: to a tenth, and to a hundredth where that would hide them."""
    if salience is None:
        return NOTHING
    digits = 1 if salience == 0 or abs(salience) >= _TENTH else 2
    return f"{salience:,.{digits}f}"


def sentence(text: str) -> str:
    """Return `text` with a capital at its beginning."""
    return text[:1].upper() + text[1:]


def size(number_of_bytes: int) -> str:
    """Return `812 B`, `4.2 MiB`."""
    amount, units = float(number_of_bytes), ["B", "KiB", "MiB", "GiB", "TiB"]
    while amount >= _KIBI and len(units) > 1:
        amount, units = amount / _KIBI, units[1:]
    return f"{amount:,.0f} B" if units[0] == "B" else f"{amount:,.1f} {units[0]}"


def plural(number: int, one: str, many: str = "") -> str:
    """Return `1 run`, `2 runs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float | None) -> str:
    """Return a length of time in its two largest units: `1.4 s`, `3 min 5 s`, `2 d 4 h`."""
    if seconds is None:
        return NOTHING
    if seconds < _SHORT:
        return f"{max(seconds, 0):.1f} s"
    if seconds < _MINUTE:
        return f"{seconds:.0f} s"
    for unit, name, lower, lower_name in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1.0, "s"),
    ):
        if seconds >= unit:
            whole, rest = divmod(int(seconds), int(unit))
            part = rest // int(lower)
            return f"{whole:,} {name}" + (f" {part} {lower_name}" if part else "")
    return NOTHING


def relative(moment: datetime, now: datetime) -> str:
    """Return how far `moment` is from `now`: `in 3 h`, `5 min ago`, `now`."""
    seconds = (moment - now).total_seconds()
    if abs(seconds) < 1:
        return "now"
    length = duration(_rounded(abs(seconds)))
    return f"in {length}" if seconds > 0 else f"{length} ago"


def short_time(moment: datetime, zone: ZoneInfo, now: datetime) -> str:
    """Return `27 Sep 05:00` on `zone`'s wall clock, with the year where it is not the present one."""
    local = moment.astimezone(zone)
    year = "" if local.year == now.astimezone(zone).year else f" {local.year}"
    return f"{local.day} {_MONTHS_IN_SHORT[local.month]}{year} {local.hour:02}:{local.minute:02}"


def long_day(day: date) -> str:
    """Return `27 September 2026`."""
    return f"{day.day} {day:%B %Y}"


def clock(moment: datetime) -> str:
    """Return `27 Sep 05:00` on the wall clock that `moment` has already."""
    return f"{moment.day} {moment:%b %H:%M}"


def long_time(moment: datetime, zone: ZoneInfo) -> str:
    """Return the moment to the second, with its weekday, zone and UTC."""
    local = moment.astimezone(zone)
    day = f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month]} {local.year}"
    own = f"{day}, {_to_the_second(local)} {local.tzname()}"
    if local.utcoffset() == timedelta(0):
        return own
    return f"{own} ({_to_the_second(moment.astimezone(UTC))} UTC)"


def _to_the_second(moment: datetime) -> str:
    return f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}"


def _rounded(seconds: float) -> float:
    """One unit is enough from a day on, and seconds do not matter from an hour on."""
    for floor, unit in ((_DAY * 2, _DAY), (_HOUR, _MINUTE)):
        if seconds >= floor:
            return seconds - seconds % unit
    return seconds
