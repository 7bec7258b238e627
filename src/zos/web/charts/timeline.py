"""Slots of layers over some weeks: a lane for each layer, a mark for each slot. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from zos.web.charts.axes import Axis, midnight
from zos.web.charts.svg import element, image, linked

ROW = 30
"""Pixels from one lane to the next, as in `.lanes` of the style sheet."""
_TOP = 38
_DAY, _EDGE = 31, 8.0
_RADIUS = 5.0
_WEEKEND = (5, 6)


@dataclass(frozen=True, slots=True)
class Mark:
    """A slot, or several.

    Attributes:
        path: Where it leads to; None: nowhere.
        title: What it says when it is pointed at or read out.
        tone: The classes of its colour.
        at: When.
        last: The last of several, if it is not `at`: it is drawn as a bar.
    """

    path: str | None
    title: str
    tone: str
    at: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """The local days that are drawn, around `middle`: from midnight `start` to midnight `end`."""

    middle: date
    start: datetime
    end: datetime
    now: datetime
    zone: ZoneInfo


def span_of(middle: date, now: datetime, zone: ZoneInfo, days: int) -> Span:
    """Return the span of `days` local days before `middle`, it itself, and as many after it."""
    start = midnight(middle - timedelta(days=days), zone)
    end = midnight(middle + timedelta(days=days + 1), zone)
    return Span(middle, start, end, now, zone)


def timeline(lanes: Sequence[Sequence[Mark]], span: Span, label: str) -> Markup:
    """Return the lanes, one below the other.

    Args:
        lanes: Their marks.
        span: The days that are drawn; marks beyond are drawn at its edge.
        label: What it shows, for those who do not see it.
    """
    days = list(_days(span))
    width = _DAY * len(days) + 2 * _EDGE
    height = _TOP + ROW * len(lanes) + 4
    axis = Axis(span.start.timestamp(), span.end.timestamp(), _EDGE, width - _EDGE)
    drawn = [
        *(part for day in days for part in _column(day, span, axis, height)),
        *_now(span, axis, height),
    ]
    for number, marks in enumerate(lanes):
        middle = _TOP + ROW * number + ROW / 2
        drawn.append(element("line", class_="rule", x1=0, x2=width, y1=middle, y2=middle))
        drawn += [_mark(one, middle, axis) for one in marks]
    return image(width, height, label, *drawn, role="group")


def _days(span: Span) -> Iterator[datetime]:
    day = span.start.date()
    while day < span.end.date():
        yield midnight(day, span.zone)
        day += timedelta(days=1)


def _column(day: datetime, span: Span, axis: Axis, height: float) -> Iterator[Markup]:
    x, end = axis.at(day.timestamp()), axis.at((day + timedelta(days=1)).timestamp())
    if day.weekday() in _WEEKEND:
        yield element("rect", class_="weekend", x=x, y=_TOP - 4, width=end - x, height=height)
    if day == span.start or day.day == 1:
        yield element("text", f"{day:%B}", class_="name", x=x, y=12)
    is_today = day.date() == span.now.astimezone(span.zone).date()
    classes = "today" if is_today else None
    middle = (x + end) / 2
    yield element("text", str(day.day), class_=classes, x=middle, y=29, text_anchor="middle")


def _now(span: Span, axis: Axis, height: float) -> Iterator[Markup]:
    if span.start <= span.now < span.end:
        x = axis.at(span.now.timestamp())
        yield element("line", class_="now", x1=x, x2=x, y1=_TOP - 4, y2=height)


def _mark(mark: Mark, middle: float, axis: Axis) -> Markup:
    x, last = _within(mark.at, axis), _within(mark.last, axis)
    if last - x > 2 * _RADIUS:
        shape = element(
            "rect",
            class_=f"mark {mark.tone}",
            x=x,
            y=middle - _RADIUS,
            width=last - x,
            height=2 * _RADIUS,
            rx=_RADIUS,
        )
    elif "bad" in mark.tone:
        shape = element(
            "rect",
            class_=f"mark {mark.tone}",
            x=x - _RADIUS,
            y=middle - _RADIUS,
            width=2 * _RADIUS,
            height=2 * _RADIUS,
        )
    else:
        radius = 3.0 if "faint" in mark.tone else _RADIUS
        shape = element("circle", class_=f"mark {mark.tone}", cx=x, cy=middle, r=radius)
    if mark.path is None:
        return element("g", element("title", mark.title), shape)
    return linked(mark.path, mark.title, shape)


def _within(moment: datetime, axis: Axis) -> float:
    return axis.at(min(max(moment.timestamp(), axis.low), axis.high))
