"""Who has to do with whom: people on a circle, and a curve for each tie, as thick as it is strong. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, degrees, hypot, pi, sin

from markupsafe import Markup

from zos.views.relationships import PersonInGraph, Relationship, RelationshipGraph
from zos.web.charts.layout import around
from zos.web.charts.svg import element, image

MAX_PEOPLE = 80
"""People that still fit on the circle."""

_LEAST_RADIUS, _APART = (
    130.0,
    15.0,
)  # people stand at least so far from the middle, and from each other
_NAME_LENGTH, _LETTER = 16, 7.0
_THIN, _THICK, _ALL_THICKNESS = 1.0, 6.0, 150.0
_SMALL, _LARGE = 3.5, 9.0
_STEPS = 4

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Circle:
    """Where people stand. `angles` in radians, by person."""

    radius: float
    middle: float
    angles: dict[int, float]

    def at(self, person: int, *, outward: float = 0.0) -> Point:
        angle, radius = self.angles[person], self.radius + outward
        return self.middle + radius * cos(angle), self.middle + radius * sin(angle)


def circle(
    graph: RelationshipGraph,
    *,
    tie_path: Callable[[Relationship], str],
    person_path: Callable[[int], str],
    person: int | None = None,
) -> Markup:
    """Return the drawing.

    Args:
        graph: At most `MAX_PEOPLE` people, with at least one tie.
        tie_path: Where a tie leads to.
        person_path: Where a person leads to.
        person: Whose ties stand out; None: nobody's.
    """
    placed = _placed(graph)
    near = {one.id for tie in graph.ties if person in _ids(tie) for one in tie.people}
    strongest, most = graph.ties[0].strength, graph.people[0].strength
    thick = max(_THIN + 1, min(_THICK, _ALL_THICKNESS / len(graph.ties)))
    ties = (
        _tie(one, placed, one.strength / strongest, tie_path(one), thick=thick, person=person)
        for one in reversed(graph.ties)
    )
    people = (
        _person(
            one,
            placed,
            one.strength / most,
            person_path(one.id),
            is_off=person is not None and one.id not in near,
        )
        for one in graph.people
    )
    size = 2 * placed.middle
    label = f"The {len(graph.ties)} strongest relationships of {len(graph.people)} people"
    return image(size, size, label, *ties, *people, role="group")


def _placed(graph: RelationshipGraph) -> _Circle:
    order = around([one.id for one in graph.people], [_ids(one) for one in graph.ties])
    radius = max(_LEAST_RADIUS, len(order) * _APART / (2 * pi))
    longest = max(len(_shortened(one.name)) for one in graph.people)
    angles = {one: 2 * pi * number / len(order) - pi / 2 for number, one in enumerate(order)}
    return _Circle(radius, radius + _LARGE + 12 + longest * _LETTER, angles)


def _ids(tie: Relationship) -> tuple[int, int]:
    return tie.people[0].id, tie.people[1].id


def _tie(
    one: Relationship, placed: _Circle, part: float, path: str, *, thick: float, person: int | None
) -> Markup:
    first, second = map(placed.at, _ids(one))
    step = min(int(part * _STEPS), _STEPS - 1)
    state = "" if person is None else " on" if person in _ids(one) else " off"
    drawn = element(
        "path",
        class_=f"tie tie-{step}{state}",
        d=f"M{_at(first)}Q{_at(_bend(first, second, placed))} {_at(second)}",
        stroke_width=_THIN + (thick - _THIN) * part,
    )
    names = " and ".join(each.name for each in one.people)
    said = f"{names}: {one.strength * 100:.0f} % of the most that a pair can hold"
    # The table beside has the same links; with the keyboard, hundreds of curves are no way to go.
    return element("a", element("title", said), drawn, href=path, tabindex=-1)


def _person(one: PersonInGraph, placed: _Circle, part: float, path: str, *, is_off: bool) -> Markup:
    x, y = placed.at(one.id)
    dot = element("circle", class_="person", cx=x, cy=y, r=_SMALL + (_LARGE - _SMALL) * part)
    text_x, text_y = placed.at(one.id, outward=_LARGE + 6)
    is_left = text_x < placed.middle - 1
    turn = degrees(placed.angles[one.id]) + (180 if is_left else 0)
    name = element(
        "text",
        _shortened(one.name),
        class_="name",
        x=text_x,
        y=text_y,
        dy="0.35em",
        text_anchor="end" if is_left else "start",
        transform=f"rotate({turn:.1f} {text_x:.1f} {text_y:.1f})",
    )
    title = element("title", f"{one.name}: show their ties")
    return element("a", title, dot, name, href=path, class_="off" if is_off else None)


def _bend(first: Point, second: Point, placed: _Circle) -> Point:
    """Return the point that pulls a curve inward: neighbours' go along the rim, others' through the middle."""
    distance = hypot(first[0] - second[0], first[1] - second[1]) / (2 * placed.radius)
    x, y = (first[0] + second[0]) / 2, (first[1] + second[1]) / 2
    outward = 1 - 0.9 * distance
    return placed.middle + (x - placed.middle) * outward, placed.middle + (
        y - placed.middle
    ) * outward


def _at(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"


def _shortened(name: str) -> str:
    return name if len(name) <= _NAME_LENGTH else f"{name[: _NAME_LENGTH - 1]}…"
