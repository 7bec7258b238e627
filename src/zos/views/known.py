"""The views of what is known and why, made once over one store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zos.views.budgets import BudgetsView
from zos.views.calls import CallsView
from zos.views.costs import CostsView
from zos.views.insights import InsightsView
from zos.views.relationships import RelationshipsView
from zos.views.servers import ServersView
from zos.views.titles import TitlesView
from zos.views.topics import TopicsView

if TYPE_CHECKING:
    from zos.config import Config
    from zos.db.engine import Database
    from zos.reflect.loader import LayerLoader
    from zos.salience.selector import ReflectionSelector


@dataclass(frozen=True, slots=True)
class KnownViews:
    """What the API and the pages show of what is known."""

    topics: TopicsView
    budgets: BudgetsView
    insights: InsightsView
    relationships: RelationshipsView
    costs: CostsView
    calls: CallsView
    servers: ServersView
    titles: TitlesView


def known_views(
    database: Database, config: Config, selector: ReflectionSelector, loader: LayerLoader
) -> KnownViews:
    """Return the views over `database`."""
    servers = ServersView(database)
    return KnownViews(
        topics=TopicsView(database, config),
        budgets=BudgetsView(selector, loader, servers, config),
        insights=InsightsView(database, config),
        relationships=RelationshipsView(database, config),
        costs=CostsView(database, config),
        calls=CallsView(database, config),
        servers=servers,
        titles=TitlesView(database, config),
    )
