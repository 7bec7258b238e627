"""What became of a layer's slots, newest first.

In: a layer's name, its zone, and a cursor. Out: a row for every recorded slot; a summary of many
missed ones is one row that says how many it answers for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from zos.db.engine import Database
from zos.db.tables import layer_run
from zos.views.page import Page, page_of
from zos.views.runs import RunView, as_run_view


@dataclass(frozen=True, slots=True)
class SlotView:
    """A slot (or, in a summary, several) and what became of it.

    Attributes:
        slot: The nominal time, in UTC; of a summary, the first.
        local: The same on the layer's wall clock.
        run: The run, or the outcome that stands in for it; `reason` says why.
    """

    slot: datetime
    local: datetime
    run: RunView


class SlotsView:
    """Reads slots.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, layer: str, zone: ZoneInfo, *, before: datetime | None = None, limit: int = 50
    ) -> Page[SlotView]:
        """Return a layer's recorded slots, newest first.

        Args:
            layer: Its name.
            zone: The zone of its schedule.
            before: The cursor: only slots before this time (aware).
            limit: 1 to `zos.views.page.MAX_LIMIT`.
        """
        query = (
            select(layer_run)
            .where(layer_run.c.layer == layer, layer_run.c.slot.is_not(None))
            .order_by(layer_run.c.slot.desc())
            .limit(limit + 1)
        )
        if before is not None:
            query = query.where(layer_run.c.slot < before)
        async with self._database.read() as connection:
            rows = list(await connection.execute(query))
        found = [SlotView(row.slot, row.slot.astimezone(zone), as_run_view(row)) for row in rows]
        return page_of(found, limit, lambda one: one.slot.isoformat())
