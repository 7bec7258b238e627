"""How a balance fades. Pure, and the same arithmetic that the ledger's set-based statement does.

A topic keeps `base` (its balance when something other than decay last changed it) and `decay_from`
(a week after its last activity). At any later moment its balance is

    floor(base * (1 - decay_per_day) ** whole days since decay_from)

which depends on nothing else: it does not matter how often, or whether, decay was written down in
between. Times here are microseconds since 1970, as stored.
"""

from __future__ import annotations

DAY_MICROS = 86_400_000_000


def whole_days(decay_from: int, at: int) -> int:
    """Return the whole days of decay at `at`; 0 before the first is full."""
    return max(0, (at - decay_from) // DAY_MICROS)


def decayed(base: int, days: int, kept_per_day: float) -> int:
    """Return what `days` of decay leave of `base`, floored to whole micro-salience."""
    return int(base * kept_per_day**days)
