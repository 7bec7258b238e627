"""The topics of a run over time: a bar for each, and in it the calls of models. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from zos.web.charts.axes import Axis
from zos.web.charts.svg import element, image, linked
from zos.web.words import duration

MAX_BARS = 60
"""Topics that are drawn, at most. All of them are in the table."""

ROW = 30
"""Pixels from one lane to the next, as in `.lanes` of the style sheet."""
_TOP, _WIDTH = 30, 860.0
_BAR_HEIGHT, _LEAST = 14, 2.0
_NOTE_ROOM = 240  # pixels that a note needs to the right of its bar
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 21_600, 86_400)
_MOST_STEPS = 8


@dataclass(frozen=True, slots=True)
class Bar:
    """One topic of a run.

    Attributes:
        path: Where it leads to.
        title: What it says when it is pointed at.
        note: What is written beside it.
        tone: The classes of its colour.
        span: Seconds from the run's start at which it began and ended; None: it was not begun.
        calls: The same of each call of a model.
    """

    path: str
    title: str
    note: str
    tone: str
    span: tuple[float, float] | None
    calls: tuple[tuple[float, float], ...] = ()


def waterfall(bars: Sequence[Bar], seconds: float, label: str) -> Markup:
    """Return the bars of a run that has taken `seconds` so far, in their order.

    Args:
        bars: At most `MAX_BARS`.
        seconds: From its start to its end, or to the present.
        label: What it shows, for those who do not see it.
    """
    axis = Axis(0, max(seconds, 1.0), 8, _WIDTH - 12)
    height = _TOP + ROW * len(bars)
    rows = (_row(bar, _TOP + ROW * number, axis) for number, bar in enumerate(bars))
    return image(_WIDTH, height, label, *_rules(axis, height), *rows, role="group")


def _rules(axis: Axis, height: float) -> list[Markup]:
    step = next((one for one in _STEPS if axis.high / one <= _MOST_STEPS), axis.high / _MOST_STEPS)
    drawn = []
    for number in range(int(axis.high / step) + 1):
        x = axis.at(number * step)
        drawn.append(element("line", class_="rule", x1=x, x2=x, y1=_TOP - 8, y2=height))
        written = duration(number * step).replace(".0 s", " s")
        anchor = "start" if number == 0 else "middle"
        drawn.append(element("text", written, x=x, y=_TOP - 14, text_anchor=anchor))
    return drawn


def _row(bar: Bar, y: float, axis: Axis) -> Markup:
    middle = y + ROW / 2
    if bar.span is None:
        mark = element("circle", class_=f"mark {bar.tone}", cx=axis.at(0) + 5, cy=middle, r=4)
        return linked(bar.path, bar.title, mark, _note(bar.note, axis.at(0) + 16, middle, "start"))
    start, end = map(axis.at, bar.span)
    top, width = middle - _BAR_HEIGHT / 2, max(end - start, _LEAST)
    drawn = [_rect(f"bar mark {bar.tone}", start, width, top, _BAR_HEIGHT)]
    for one in bar.calls:
        first, last = map(axis.at, one)
        length = max(last - first, _LEAST)
        drawn.append(_rect(f"call mark {bar.tone}", first, length, top + 3, _BAR_HEIGHT - 6))
    if end + _NOTE_ROOM < axis.end or start < _NOTE_ROOM:
        drawn.append(_note(bar.note, start + width + 8, middle, "start"))
    else:
        drawn.append(_note(bar.note, start - 8, middle, "end"))
    return linked(bar.path, bar.title, *drawn)


def _rect(classes: str, x: float, width: float, y: float, height: float) -> Markup:
    return element("rect", class_=classes, x=x, y=y, width=width, height=height, rx=2)


def _note(text: str, x: float, middle: float, anchor: str) -> Markup:
    return element("text", text, x=x, y=middle + 4, text_anchor=anchor)
