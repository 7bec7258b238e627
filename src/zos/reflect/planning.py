"""Which topics a run is about: what its layer asks for, held against salience, budget and consent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time
from functools import reduce
from zoneinfo import ZoneInfo

from zos.consent.store import ConsentStore
from zos.core.topics import BudgetGroup
from zos.reflect.layer import Layer
from zos.reflect.loader import LayerLoader
from zos.reflect.runs.model import LayerRun
from zos.salience.ledger import SalienceLedger
from zos.salience.selector import ReflectionSelector, Selected, SelectionRequest
from zos.salience.target_filter import TargetFilter


class Planning:
    """Plans runs.

    Args:
        ledger: Decay is brought up to the run's time before anything is chosen.
        selector: Chooses.
        loader: Knows which other layers serve which budget groups.
        consent: Who may be thought about.
        timezone: The local day's zone, by IANA name.
    """

    def __init__(
        self,
        ledger: SalienceLedger,
        selector: ReflectionSelector,
        loader: LayerLoader,
        consent: ConsentStore,
        timezone: str,
    ) -> None:
        self._ledger = ledger
        self._selector = selector
        self._loader = loader
        self._consent = consent
        self._zone = ZoneInfo(timezone)

    async def plan(self, run: LayerRun, layer: Layer) -> Selected:
        """Choose the topics of `run`, at its own time."""
        return await self.select(layer, run.clock_at, decayed=False)

    async def select(self, layer: Layer, now: datetime, *, decayed: bool) -> Selected:
        """Choose the topics that `layer` would have at `now`.

        Args:
            layer: The layer.
            now: The time.
            decayed: Leave stored balances as they are (a preview writes nothing).
        """
        if not decayed:
            await self._ledger.decay(now)
        return await self._selector.select(
            SelectionRequest(
                layer=layer.name,
                categories=layer.targets,
                consent=await self._consent.view(),
                now=now,
                day_start=day_start(now, self._zone),
                target_filter=TargetFilter.parse(layer.target_filter or ""),
                max_targets=layer.max_targets,
                estimated_tokens_per_target=layer.estimated_tokens,
                global_only=layer.global_only,
                groups_with_layers=served_groups(
                    one.layer for one in self._loader.sources.values()
                ),
            )
        )


def day_start(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the beginning of the local day of `now` (aware; in a zone whose midnight is skipped, its first moment)."""
    return datetime.combine(now.astimezone(zone).date(), time(), zone)


def served_groups(layers: Iterable[Layer]) -> frozenset[BudgetGroup]:
    """Return the budget groups that an enabled layer serves."""
    none: frozenset[BudgetGroup] = frozenset()
    return reduce(frozenset.union, (layer.groups for layer in layers if layer.enabled), none)
