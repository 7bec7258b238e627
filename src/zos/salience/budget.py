"""How a day's budget is shared. Pure: shares, demand and what is used in; pots out.

Each server has `total` a local day, in shares by budget group. A group that no enabled layer
serves, or that has no topic to think about now, lends what it has left to the groups that do, in
proportion to their shares. Global topics belong to no server: their pot is filled from the global
share of each. The self topics have a pot of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from zos.config.salience import BudgetConfig
from zos.core.topics import BudgetGroup
from zos.db.tables.base import MICRO
from zos.salience.amounts import to_micro

Purse = tuple[BudgetGroup, int | None]
"""A group in one server; in none for global topics and for the self topics."""


@dataclass(frozen=True, slots=True)
class Pot:
    """What one group may spend now, in micro-salience.

    Attributes:
        share: Its own share of the day.
        lent: What idle groups lend it.
        used: What the day has spent or reserved of it.
    """

    purse: Purse
    share: int
    lent: int
    used: int
    left: int

    def __str__(self) -> str:
        group, server_id = self.purse
        where = "" if server_id is None else f" in server {server_id}"
        return (
            f"{group}{where}: {self.left / MICRO:.1f} left, of a share of {self.share / MICRO:.1f} "
            f"and {self.lent / MICRO:.1f} lent, {self.used / MICRO:.1f} used today"
        )


def purse_of(group: BudgetGroup, server_id: int | None) -> Purse:
    """Return the purse that a topic of `group` in a server is paid from."""
    return (group, None if group is BudgetGroup.SELF else server_id)


class Budget:
    """One day's budget at one moment.

    Args:
        config: Total and shares.
        servers: All servers that have topics.
        demand: Purses with a topic that could be thought about now.
        served: Groups that an enabled layer serves.
        used: What the day has spent or reserved, by purse, in micro-salience.
    """

    def __init__(
        self,
        config: BudgetConfig,
        *,
        servers: Iterable[int],
        demand: AbstractSet[Purse],
        served: AbstractSet[BudgetGroup],
        used: Mapping[Purse, int],
    ) -> None:
        self._total = to_micro(config.total)
        self._self_total = to_micro(config.self_total)
        self._shares = {group: round(self._total * part) for group, part in config.groups.items()}
        self._servers: list[int | None] = sorted(servers) or [None]  # type: ignore[assignment]
        self._demand = demand
        self._served = served
        self._used = used

    def pot(self, purse: Purse) -> Pot:
        """Return what `purse` may spend now."""
        group, server_id = purse
        if group is BudgetGroup.SELF:
            used = self._used.get(purse, 0)
            return Pot(purse, self._self_total, 0, used, max(0, self._self_total - used))
        servers = self._servers if group is BudgetGroup.GLOBAL else [server_id]
        share = self._shares.get(group, 0) * len(servers)
        lent = sum(self._lent(group, one) for one in servers)
        used = self._used.get(purse, 0)
        free = sum(self._free(one) for one in servers)
        return Pot(purse, share, lent, used, max(0, min(share + lent - used, free)))

    def _lent(self, group: BudgetGroup, server_id: int | None) -> int:
        busy = {one for one in self._shares if one is group or self._is_busy(one, server_id)}
        idle = sum(
            max(0, self._shares[one] - self._used_in(one, server_id))
            for one in self._shares.keys() - busy
        )
        wanting = sum(self._shares[one] for one in busy)
        return idle * self._shares.get(group, 0) // wanting if wanting else 0

    def _is_busy(self, group: BudgetGroup, server_id: int | None) -> bool:
        home = None if group is BudgetGroup.GLOBAL else server_id
        return group in self._served and (group, home) in self._demand

    def _used_in(self, group: BudgetGroup, server_id: int | None) -> int:
        if group is BudgetGroup.GLOBAL:
            return self._used.get((group, None), 0) // len(self._servers)
        return self._used.get((group, server_id), 0)

    def _free(self, server_id: int | None) -> int:
        """What the server's whole day has left: loans never take it beyond its total."""
        return max(0, self._total - sum(self._used_in(one, server_id) for one in self._shares))
