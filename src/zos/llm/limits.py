"""The spending limits as pure rules.

In: the configured limits, what is spent or reserved, and the cost of a call. Out: nothing, or a
`BudgetError` that names the limit. Money is whole micro-dollars; days and months are local ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from zos.core.errors import BudgetError

if TYPE_CHECKING:
    from zos.config.model import SpendLimits

MICROUSD = 1_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """Since when spending counts: `month` is None when no limit looks so far back."""

    day: datetime
    month: datetime | None

    @property
    def since(self) -> datetime:
        """The earlier of the two."""
        return self.month or self.day


@dataclass(frozen=True, slots=True)
class Spent:
    """What is spent or reserved already, in micro-dollars."""

    run: int = 0
    day: int = 0
    month: int = 0
    server_day: int = 0


def spending_window(now: datetime, zone: ZoneInfo, limits: SpendLimits) -> Window:
    """Return the starts of the local day and month that `now` (aware) falls in."""
    today = now.astimezone(zone).date()
    day = datetime.combine(today, time(), zone).astimezone(UTC)
    if limits.per_month_usd is None:
        return Window(day, None)
    first = datetime.combine(today.replace(day=1), time(), zone).astimezone(UTC)
    return Window(day, first)


def check_limits(
    limits: SpendLimits, spent: Spent, cost_microusd: int, *, max_run_cost_usd: float | None
) -> None:
    """Let `cost_microusd` more pass, or name the first limit that it would break.

    Args:
        limits: The configured limits.
        spent: What is spent or reserved already.
        cost_microusd: The most that may be added to it.
        max_run_cost_usd: The layer's own limit for the run; the stricter of it and the configured one holds.

    Raises:
        BudgetError: If a limit would be broken.
    """
    rules = (
        ("layer's limit for a run", "the layer's max_cost_usd", max_run_cost_usd, spent.run),
        ("limit for a run", "models.limits.per_run_usd", limits.per_run_usd, spent.run),
        ("limit for a day", "models.limits.per_day_usd", limits.per_day_usd, spent.day),
        ("limit for a month", "models.limits.per_month_usd", limits.per_month_usd, spent.month),
        (
            "limit for a server's day",
            "models.limits.per_server_day_usd",
            limits.per_server_day_usd,
            spent.server_day,
        ),
    )
    for name, setting, limit_usd, so_far in rules:
        if limit_usd is None:
            continue
        limit = round(limit_usd * MICROUSD)
        if so_far + cost_microusd > limit:
            raise BudgetError(
                f"The {name} of {_usd(limit)} US dollars is reached: {_usd(so_far)} are spent or "
                f"reserved, and this may cost {_usd(cost_microusd)}.",
                hint=f"Raise {setting} if that is too little.",
            )


def _usd(microusd: int) -> str:
    """Return dollars with two digits after the point, or up to four where they matter."""
    shown = f"{microusd / MICROUSD:,.4f}"
    return shown[:-2] + shown[-2:].rstrip("0")
