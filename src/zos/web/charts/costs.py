"""Costs by day: a bar for each, in it a part for each model. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from zos.web.charts.axes import Axis, round_steps
from zos.web.charts.svg import element, image, linked
from zos.web.words import money

MAX_SERIES = 5
"""Models with a colour of their own: the dearest; the others share one."""

_WIDTH, _HEIGHT = 1040, 224
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 1036, 14, 196
_GAP, _MOST_WIDTH = 0.25, 36.0
_DATES = 12


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day. `parts`: US dollars of each series, in their order; `path` leads to its calls."""

    day: date
    title: str
    path: str
    parts: tuple[float, ...]


def cost_bars(bars: Sequence[DayBar], label: str) -> Markup:
    """Return the bars of consecutive days, each a link.

    Args:
        bars: At least one, oldest first.
        label: What it shows, for those who do not see it.
    """
    steps = round_steps(max(sum(bar.parts) for bar in bars), about=4)
    up = Axis(0.0, steps[-1], _BOTTOM, _TOP)
    room = (_RIGHT - _LEFT) / len(bars)
    apart = -(-len(bars) // _DATES)
    return image(
        _WIDTH,
        _HEIGHT,
        label,
        *(_row(step, up) for step in steps),
        *(
            _date(bar.day, _LEFT + room * (number + 0.5))
            for number, bar in enumerate(bars)
            if (len(bars) - 1 - number) % apart == 0
        ),
        *(_bar(bar, _LEFT + room * number, room, up) for number, bar in enumerate(bars)),
        role="group",
    )


def _row(value: float, up: Axis) -> Markup:
    y = up.at(value)
    rule = element("line", class_="rule", x1=_LEFT, x2=_RIGHT, y1=y, y2=y)
    return rule + element("text", money(value), x=_LEFT - 8, y=y + 4, text_anchor="end")


def _date(day: date, middle: float) -> Markup:
    text = f"{day.day} {day:%b}"
    return element("text", text, x=middle, y=_BOTTOM + 20, text_anchor="middle")


def _bar(bar: DayBar, x: float, room: float, up: Axis) -> Markup:
    width = min(room * (1 - _GAP), _MOST_WIDTH)
    left = x + (room - width) / 2
    drawn = [element("rect", class_="hit", x=x, y=_TOP, width=room, height=_BOTTOM - _TOP)]
    below = 0.0
    for number, part in enumerate(bar.parts):
        top, bottom = up.at(below + part), up.at(below)
        if part:
            kind = f"series series-{number}"
            drawn.append(
                element("rect", class_=kind, x=left, y=top, width=width, height=bottom - top)
            )
        below += part
    return linked(bar.path, bar.title, *drawn)
