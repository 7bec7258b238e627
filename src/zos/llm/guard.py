"""The spend guard: a call's cost is held before it is made, and settled after it.

In: calls. Out: rows of `model_call`, or a `BudgetError` before anything is sent. A call whose
process dies keeps its reservation: nothing is spent unseen.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from zos.llm.call import ModelCall
from zos.llm.limits import Spent, check_limits, spending_window
from zos.llm.store import ModelCallStore

if TYPE_CHECKING:
    from zos.config import Config
    from zos.core.clock import Clock
    from zos.db.engine import Database

# Longer than the longest timeout of a profile: what is reserved for so long has no process.
LOST_AFTER = timedelta(minutes=15)


class SpendGuard:
    """Keeps calls within the configured limits, across all processes on one database."""

    def __init__(self, config: Config, db: Database, clock: Clock) -> None:
        self._limits = config.models.limits
        self._zone = ZoneInfo(config.scheduler.timezone)
        self._store = ModelCallStore(db)
        self._clock = clock
        self._swept_at: datetime | None = None

    async def reserve(self, call: ModelCall, *, held_microusd: int = 0) -> None:
        """Hold `call.usage.cost_microusd`, of which `held_microusd` is held already.

        A call that costs nothing needs no reservation.

        Raises:
            BudgetError: If a limit would be broken; nothing is written then.
        """
        more = call.usage.cost_microusd - held_microusd
        if not call.usage.cost_microusd:
            return

        def check(spent: Spent) -> None:
            own = call.context.max_run_cost_usd
            check_limits(self._limits, spent, more, max_run_cost_usd=own)

        now = self._clock.now()
        await self._sweep_if_due(now)
        await self._store.reserve(call, spending_window(now, self._zone, self._limits), check)

    async def settle(self, call: ModelCall) -> None:
        """Record how a call ended and what it really cost."""
        await self._store.record(call)

    async def sweep(self) -> int:
        """Mark calls whose process died as lost; return how many. Their reservations stay spent."""
        self._swept_at = self._clock.now()
        return await self._store.mark_lost(self._swept_at - LOST_AFTER)

    async def _sweep_if_due(self, now: datetime) -> None:
        if self._swept_at is None or abs(now - self._swept_at) >= LOST_AFTER:
            await self.sweep()
