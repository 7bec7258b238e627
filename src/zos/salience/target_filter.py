"""`target_filter`: a small grammar over a topic's figures, parsed and never evaluated as code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zos.salience.model import TopicView


@dataclass(frozen=True, slots=True)
class TargetFilter:
    """A parsed filter; build it with `parse`. The empty text passes everything."""

    text: str

    @classmethod
    def parse(cls, text: str) -> TargetFilter:
        """Read a filter such as `salience > 30 AND last_reflected_days_ago > 1 OR insight_count < 3`.

        Raises:
            FilterError: With the position, and the nearest field name if one is unknown.
        """
        raise NotImplementedError

    def passes(self, topic: TopicView, now: datetime) -> bool:
        """Return whether `topic` passes at `now` (aware)."""
        raise NotImplementedError
