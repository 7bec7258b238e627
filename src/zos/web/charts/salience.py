"""The salience of a topic over time, as steps: up as it earns, down as it decays or is spent. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from markupsafe import Markup

from zos.salience.model import EntryKind
from zos.views.curve import CurvePoint
from zos.web.charts.axes import Axis, days_between, round_steps
from zos.web.charts.svg import element, image, linked
from zos.web.words import long_time, points

_WIDTH, _HEIGHT = 1040, 232
_LEFT, _RIGHT, _TOP, _BOTTOM = 36, 1028, 14, 204
_DATES = 10
_CAP_IN_SIGHT = 1.6  # the cap is drawn when it is at most so many times the highest balance

RunPath = Callable[[str], str]
"""A run's id → its page."""


def salience_curve(
    changes: Sequence[CurvePoint], *, cap: float, until: datetime, zone: ZoneInfo, run: RunPath
) -> Markup:
    """Return the curve; each reflection is a link to its run.

    Args:
        changes: At least one, oldest first.
        cap: The most that the topic can hold.
        until: Where the time axis ends: now.
        zone: Of the dates below.
        run: Where a reflection leads to.
    """
    since = min(changes[0].at, until)
    until = max(until, changes[-1].at)
    highest = max(0.1, changes[0].before, *(one.salience for one in changes))
    steps = round_steps(max(highest, cap if cap <= highest * _CAP_IN_SIGHT else 0), about=4)
    across = Axis(since.timestamp(), until.timestamp(), _LEFT, _RIGHT)
    up = Axis(0.0, steps[-1], _BOTTOM, _TOP)
    return image(
        _WIDTH,
        _HEIGHT,
        f"Salience: at most {points(highest)}, now {points(changes[-1].salience)}",
        *(_row(step, up) for step in steps),
        *(_date(day, across) for day in days_between(since, until, zone, at_most=_DATES)),
        *([_cap(cap, up)] if cap <= steps[-1] else []),
        *_curve(changes, until, across, up),
        *(
            _reflection(one, zone, across, up, run)
            for one in changes
            if one.kind is EntryKind.SPENT
        ),
        role="group",
    )


def _row(value: float, up: Axis) -> Markup:
    y = up.at(value)
    rule = element("line", class_="rule", x1=_LEFT, x2=_RIGHT, y1=y, y2=y)
    return rule + element("text", f"{value:g}", x=_LEFT - 8, y=y + 4, text_anchor="end")


def _date(day: datetime, across: Axis) -> Markup:
    x = across.at(day.timestamp())
    return element("text", f"{day.day} {day:%b}", x=x, y=_BOTTOM + 20, text_anchor="middle")


def _cap(cap: float, up: Axis) -> Markup:
    y = up.at(cap)
    line = element("line", class_="cap", x1=_LEFT, x2=_RIGHT, y1=y, y2=y)
    said = f"at most {points(cap)}"
    return line + element("text", said, x=_RIGHT, y=y - 5, text_anchor="end")


def _curve(
    changes: Sequence[CurvePoint], until: datetime, across: Axis, up: Axis
) -> tuple[Markup, Markup]:
    left = across.at(changes[0].at.timestamp())
    steps = (f"H{across.at(one.at.timestamp())}V{up.at(max(one.salience, 0.0))}" for one in changes)
    line = f"M{left} {up.at(changes[0].before)}{''.join(steps)}H{across.at(until.timestamp())}"
    area = f"{line}V{_BOTTOM}H{left}Z"
    return element("path", class_="area", d=area), element("path", class_="line", d=line)


def _reflection(one: CurvePoint, zone: ZoneInfo, across: Axis, up: Axis, run: RunPath) -> Markup:
    x, y = across.at(one.at.timestamp()), up.at(one.before)
    dot = element("circle", class_="mark busy", cx=x, cy=y, r=4)
    said = f"Thought about on {long_time(one.at, zone)}: {points(-one.change)} spent"
    return dot if one.run_id is None else linked(run(one.run_id), said, dot)
