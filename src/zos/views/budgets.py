"""What each budget group may spend today, server by server.

In: the day's spending and who waits to be thought about. Out: frozen rows; salience in points.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from zos.core.topics import BudgetGroup
from zos.db.tables import MICRO
from zos.members.model import Snowflake
from zos.reflect.planning import day_start, served_groups
from zos.salience.budget import Pot

if TYPE_CHECKING:
    from zos.config import Config
    from zos.reflect.loader import LayerLoader
    from zos.salience.selector import ReflectionSelector
    from zos.views.servers import ServersView


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One group's budget in one server, today.

    Attributes:
        server_id: None for global topics and for what Zos thinks about itself.
        server: The server's name.
        share: Its own part of the day, in points of salience.
        lent: What groups with nothing to think about lend it.
        used: What the day has spent, or open targets will.
        left: What it may still spend.
        is_served: Whether an enabled layer thinks about such topics.
    """

    group: BudgetGroup
    server_id: Snowflake | None
    server: str | None
    share: float
    lent: float
    used: float
    left: float
    is_served: bool


@dataclass(frozen=True, slots=True)
class Budgets:
    """All budgets of the local day that began at `day_start`."""

    day_start: datetime
    rows: tuple[BudgetRow, ...]


class BudgetsView:
    """Reads budgets.

    Args:
        selector: Shares the day's budget.
        loader: Knows which groups have layers.
        servers: Knows their names.
        config: The zone of the day.
    """

    def __init__(
        self,
        selector: ReflectionSelector,
        loader: LayerLoader,
        servers: ServersView,
        config: Config,
    ) -> None:
        self._selector = selector
        self._loader = loader
        self._servers = servers
        self._zone = ZoneInfo(config.scheduler.timezone)

    async def today(self, now: datetime) -> Budgets:
        """Return the budgets of the local day of `now` (aware)."""
        start = day_start(now, self._zone)
        served = served_groups(one.layer for one in self._loader.sources.values())
        pots = await self._selector.pots(now=now, day_start=start, served=served)
        names = {one.id: one.name for one in await self._servers.all()}
        rows = tuple(_row(pot, names, is_served=pot.purse[0] in served) for pot in pots)
        return Budgets(start, rows)


def _row(pot: Pot, names: dict[int, str], *, is_served: bool) -> BudgetRow:
    group, server_id = pot.purse
    return BudgetRow(
        group=group,
        server_id=server_id,
        server=None if server_id is None else names.get(server_id, str(server_id)),
        share=pot.share / MICRO,
        lent=pot.lent / MICRO,
        used=pot.used / MICRO,
        left=pot.left / MICRO,
        is_served=is_served,
    )
