"""What a replay reads: which slots have an outcome, how far the ledger goes, and what came of it all."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from zos.db.engine import Database
from zos.db.tables import MICRO, layer_run, message, salience_entry


@dataclass(frozen=True, slots=True)
class Recorded:
    """The slots of one layer that have an outcome: single ones, and spans that a summary answers for."""

    single: frozenset[datetime]
    spans: tuple[tuple[datetime, datetime], ...]

    def __contains__(self, slot: datetime) -> bool:
        return slot in self.single or any(first <= slot <= last for first, last in self.spans)


@dataclass(frozen=True, slots=True)
class Totals:
    """What stands in the store about a range.

    Attributes:
        slots: How many slots have each outcome.
        runs: How many runs ended in each status, those of thresholds included.
    """

    slots: dict[str, int]
    runs: dict[str, int]
    insights: int
    tokens_in: int
    tokens_out: int
    cost_usd: float


class ReplayStore:
    """Reads for replays.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recorded(
        self, layers: Collection[str], begin: datetime, end: datetime
    ) -> dict[str, Recorded]:
        """Return the slots of `layers` in [begin, end) that have an outcome."""
        table = layer_run.c
        query = select(table.layer, table.slot, table.slot_last).where(
            table.layer.in_(layers), _touches(begin, end)
        )
        single: dict[str, set[datetime]] = {name: set() for name in layers}
        spans: dict[str, list[tuple[datetime, datetime]]] = {name: [] for name in layers}
        async with self._database.read() as connection:
            for row in await connection.execute(query):
                if row.slot_last is None:
                    single[row.layer].add(row.slot)
                else:
                    spans[row.layer].append((row.slot, row.slot_last))
        return {name: Recorded(frozenset(single[name]), tuple(spans[name])) for name in layers}

    async def booked_until(self) -> datetime | None:
        """Return the time of the last event that the ledger knows of, or None."""
        async with self._database.read() as connection:
            last_entry = await connection.scalar(select(func.max(salience_entry.c.at)))
            last_message = await connection.scalar(
                select(func.max(message.c.created_at)).where(message.c.booked.is_(True))
            )
        return max((one for one in (last_entry, last_message) if one is not None), default=None)

    async def totals(self, begin: datetime, end: datetime) -> Totals:
        """Return what came of [begin, end)."""
        table = layer_run.c
        started = table.started_at.is_not(None)
        query = (
            select(
                table.status,
                func.sum(table.slot_count).filter(table.slot.is_not(None)).label("slots"),
                func.count().filter(started).label("runs"),
                func.sum(table.insights_created).label("insights"),
                func.sum(table.tokens_in).label("tokens_in"),
                func.sum(table.tokens_out).label("tokens_out"),
                func.sum(table.cost_microusd).label("cost_microusd"),
            )
            .where(or_(_touches(begin, end), _within(table.clock_at, begin, end)))
            .group_by(table.status)
            .order_by(table.status)
        )
        async with self._database.read() as connection:
            rows = list(await connection.execute(query))
        return Totals(
            slots={row.status: int(row.slots) for row in rows if row.slots},
            runs={row.status: row.runs for row in rows if row.runs},
            insights=int(sum(row.insights for row in rows)),
            tokens_in=int(sum(row.tokens_in for row in rows)),
            tokens_out=int(sum(row.tokens_out for row in rows)),
            cost_usd=float(sum(row.cost_microusd for row in rows)) / MICRO,
        )


def _within(column: ColumnElement[datetime], begin: datetime, end: datetime) -> ColumnElement[bool]:
    return and_(column >= begin, column < end)


def _touches(begin: datetime, end: datetime) -> ColumnElement[bool]:
    table = layer_run.c
    return and_(table.slot < end, func.coalesce(table.slot_last, table.slot) >= begin)
