"""`target_filter`: a layer's condition on topics, parsed and never evaluated as code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zos.db.tables.base import to_micros
from zos.salience.conditions import Condition, holds
from zos.salience.filter_parser import parse
from zos.salience.model import TopicView


@dataclass(frozen=True, slots=True)
class TargetFilter:
    """A parsed filter; build it with `parse`. The empty text passes everything."""

    text: str
    condition: Condition

    @classmethod
    def parse(cls, text: str) -> TargetFilter:
        """Read a filter such as `salience > 30 AND last_reflected_days_ago > 1 OR insight_count < 3`.

        Raises:
            FilterError: With the position, and the nearest field name if one is unknown.
        """
        return cls(text.strip(), parse(text))

    def passes(self, topic: TopicView, now: datetime) -> bool:
        """Return whether `topic` passes at `now` (aware)."""
        return holds(self.condition, topic, to_micros(now))
