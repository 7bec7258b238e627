"""What a target filter says, as a tree: conditions over a topic's figures. Pure.

A topic that was never reflected on was last reflected on infinitely long ago.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from zos.db.tables.base import MICRO, to_micros
from zos.salience.decay import DAY_MICROS
from zos.salience.model import TopicView


class FilterField(StrEnum):
    """A figure that a filter can ask for."""

    SALIENCE = "salience"
    NEW_MATERIAL = "new_material"
    INSIGHT_COUNT = "insight_count"
    LAST_REFLECTED_DAYS_AGO = "last_reflected_days_ago"
    LAST_ACTIVITY_DAYS_AGO = "last_activity_days_ago"

    @property
    def unit(self) -> int:
        """What one of a filter's numbers is in the stored figure: micro-salience, microseconds, or one."""
        match self:
            case FilterField.SALIENCE:
                return MICRO
            case FilterField.LAST_REFLECTED_DAYS_AGO | FilterField.LAST_ACTIVITY_DAYS_AGO:
                return DAY_MICROS
            case _:
                return 1


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field against a number; `value` is in the stored figure's unit."""

    field: FilterField
    sign: str
    value: float


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    part: Condition


@dataclass(frozen=True, slots=True)
class Both:
    """All of the conditions."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of the conditions."""

    parts: tuple[Condition, ...]


Condition = Comparison | Not | Both | Either


def holds(condition: Condition, topic: TopicView, now: int) -> bool:
    """Return whether `topic` meets `condition` at `now` (microseconds since 1970)."""
    match condition:
        case Comparison(field, sign, value):
            return bool(OPERATORS[sign](_figure(field, topic, now), value))
        case Not(part):
            return not holds(part, topic, now)
        case Both(parts):
            return all(holds(part, topic, now) for part in parts)
        case Either(parts):
            return any(holds(part, topic, now) for part in parts)


def _figure(field: FilterField, topic: TopicView, now: int) -> float:
    match field:
        case FilterField.SALIENCE:
            return topic.balance_micro
        case FilterField.NEW_MATERIAL:
            return topic.new_material
        case FilterField.INSIGHT_COUNT:
            return topic.insight_count
        case FilterField.LAST_ACTIVITY_DAYS_AGO:
            return now - to_micros(topic.last_activity_at)
        case FilterField.LAST_REFLECTED_DAYS_AGO:
            reflected_at = topic.last_reflected_at
            return math.inf if reflected_at is None else now - to_micros(reflected_at)
