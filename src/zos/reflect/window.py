"""From when on a node looks back."""

from __future__ import annotations

from datetime import datetime, timedelta

from zos.reflect.context import TargetBrief


def window_start(brief: TargetBrief, lookback_hours: float, *, resume: bool) -> datetime:
    """Return the moment after which something is new to a target.

    Args:
        brief: The target.
        lookback_hours: The widest window, back from the run's own time.
        resume: Whether what was there at the last reflection is left out.
    """
    earliest = brief.now - timedelta(hours=lookback_hours)
    if resume and brief.last_reflected_at is not None:
        return max(earliest, brief.last_reflected_at)
    return earliest
