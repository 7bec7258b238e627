"""What became of a layer's slots, newest first.

In: a layer's name, its zone, and a cursor. Out: a row for every recorded slot; a summary of many
missed ones is one row that says how many it answers for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import CompoundSelect, Row, Select, bindparam, select, union_all

from zos.db.engine import Connection, Database
from zos.db.tables import layer_run
from zos.reflect.states import RunStatus
from zos.views.page import Page, page_of
from zos.views.runs import RunView, as_run_view

MAX_RECORDED = 3_000
"""Slots of several layers that are read at once, at most."""

_LAYERS_PER_QUERY = 100  # SQLite takes at most 500 branches of a union
_RECORDED = (  # in the order of `RecordedSlot`
    layer_run.c.layer,
    layer_run.c.slot,
    layer_run.c.slot_last,
    layer_run.c.slot_count,
    layer_run.c.id,
    layer_run.c.status,
    layer_run.c.reason,
    layer_run.c.insights_created,
)


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


class RecordedSlot(NamedTuple):  # read by the thousand: a dataclass takes three times as long
    """A slot, or a summary of several, of one of many layers.

    Attributes:
        slot_last: The last slot of a summary; else None.
        slot_count: How many slots it answers for.
    """

    layer: str
    slot: datetime
    slot_last: datetime | None
    slot_count: int
    run_id: str
    status: RunStatus
    reason: str
    insights_created: int


@dataclass(frozen=True, slots=True)
class RecordedSlots:
    """The slots of some time, newest first.

    Attributes:
        is_cut: Whether there are more than these, all of them older.
        before: The newest slot before that time, if there is one.
    """

    slots: tuple[RecordedSlot, ...]
    is_cut: bool
    before: datetime | None


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

    async def between(
        self, layers: Sequence[str], since: datetime, until: datetime, *, limit: int = MAX_RECORDED
    ) -> RecordedSlots:
        """Return what became of the slots of several layers between two times (aware).

        Args:
            layers: Their names.
            since: The first; a summary of slots that reaches past it is there too.
            until: The end, itself not within.
            limit: Rows, at most.
        """
        query: Select[Any] = (
            select(*_RECORDED)
            .where(
                layer_run.c.layer.in_(layers), layer_run.c.slot >= since, layer_run.c.slot < until
            )
            .order_by(layer_run.c.slot.desc(), layer_run.c.layer)
            .limit(limit + 1)
        )

        async def work(connection: Connection) -> tuple[list[RecordedSlot], list[RecordedSlot]]:
            found = [_recorded(row) for row in await connection.execute(query)]
            older: list[RecordedSlot] = []
            for start in range(0, len(layers), _LAYERS_PER_QUERY):
                some = tuple(layers[start : start + _LAYERS_PER_QUERY])
                rows = await connection.execute(_newest_before(some), {"since": since})
                older += [_recorded(row) for row in rows]
            return found, older

        found, older = await self._database.read_at_once(work)
        found += [one for one in older if (one.slot_last or one.slot) >= since]
        before = max((one.slot for one in older), default=None)
        return RecordedSlots(tuple(found[:limit]), len(found) > limit, before)


@lru_cache(maxsize=16)
def _newest_before(layers: tuple[str, ...]) -> CompoundSelect[Any]:
    """One indexed look per layer, before the moment `since`."""
    each = (
        select(*_RECORDED)
        .where(layer_run.c.layer == name, layer_run.c.slot < bindparam("since"))
        .order_by(layer_run.c.slot.desc())
        .limit(1)
        .subquery()
        for name in layers
    )
    return union_all(*map(select, each))


def _recorded(row: Row[Any]) -> RecordedSlot:
    layer, slot, last, count, run_id, status, reason, insights = tuple(row)
    return RecordedSlot(layer, slot, last, count, run_id, RunStatus(status), reason, insights)
