"""What a successful reflection costs its topic. Pure."""

from __future__ import annotations

from zos.config.salience import SalienceConfig
from zos.salience.amounts import to_micro
from zos.salience.model import EntryKind, SpendResult
from zos.salience.standing import Standing


def cost_micro(tokens: int, config: SalienceConfig) -> int:
    """Return what `tokens` (in and out together) cost, in micro-salience."""
    return tokens * to_micro(config.spend_per_token)


def spend(standing: Standing, tokens: int, at: int, config: SalienceConfig) -> SpendResult:
    """Take the cost of `tokens` as far as the balance goes, reset the rest, leave the retained part.

    The retained part is `retention` × cost, never above the cap. All new material counts as seen.
    """
    cost = cost_micro(tokens, config)
    balance = standing.settle(at, 1.0 - config.decay_per_day)
    spent = min(balance, cost)
    retained = min(standing.cap, round(cost * config.retention))
    for kind, amount in (
        (EntryKind.SPENT, -spent),
        (EntryKind.RESET, spent - balance),
        (EntryKind.RETAINED, retained),
    ):
        standing.note(kind, amount, at)
    standing.rebase(at)
    standing.material = 0
    return SpendResult(spent, retained)
