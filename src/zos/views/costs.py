"""What calls of models cost: by day, model, profile, layer or server, and against the limits.

In: a range of local days. Out: frozen rows; money in US dollars. A reservation counts as its cost
until it is settled, as it does for the limits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Row, case, func, literal_column, select, type_coerce

from zos.config import Config
from zos.db.engine import Database
from zos.db.tables import MICRO, model_call, server
from zos.db.tables.base import from_micros
from zos.llm.call import CallOutcome
from zos.llm.limits import spending_window

# Every zone's offset is a multiple of it, so that sums of such pieces add up to local days.
_PIECE_MICROSECONDS = 15 * 60 * MICRO
_NO_SERVER = "outside servers"
_UNDER_WAY_OR_WELL = (CallOutcome.RESERVED.value, CallOutcome.OK.value)


class CostBy(StrEnum):
    """What costs are summed by."""

    DAY = "day"
    MODEL = "model"
    PROFILE = "profile"
    LAYER = "layer"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class CostRow:
    """A sum of calls.

    Attributes:
        name: The local day (ISO), `provider:model`, the profile, the layer or the server's name.
        server_id: The server, when costs are summed by server.
        failed: Calls without a usable answer.
    """

    name: str
    server_id: int | None
    calls: int
    failed: int
    tokens_in: int
    tokens_out: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class Spending:
    """What is spent of one limit; `limit_usd` is None where there is none."""

    name: str
    spent_usd: float
    limit_usd: float | None


@dataclass(frozen=True, slots=True)
class Costs:
    """Costs of a range of local days, and what is spent of the running day's and month's limits.

    Attributes:
        since: The start of the first day.
        until: The end of the last day (exclusive).
        rows: By day: in order; else the dearest first.
    """

    by: CostBy
    since: datetime
    until: datetime
    rows: tuple[CostRow, ...]
    total: CostRow
    limits: tuple[Spending, ...]


class CostsView:
    """Reads costs.

    Args:
        database: The store.
        config: The limits, and the zone of days and months.
    """

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._limits = config.models.limits
        self._zone = ZoneInfo(config.scheduler.timezone)

    async def costs(self, by: CostBy, *, now: datetime, days: int = 30) -> Costs:
        """Return the costs of the last `days` local days, the day of `now` (aware) included."""
        today = now.astimezone(self._zone).date()
        since = self._midnight(today - timedelta(days=days - 1))
        until = self._midnight(today + timedelta(days=1))
        rows = await self._rows(by, since, until)
        return Costs(by, since, until, rows, _total(rows), await self.limits(now))

    async def limits(self, now: datetime) -> tuple[Spending, ...]:
        """Return what is spent of the day's and the month's limit at `now` (aware)."""
        everything = self._limits.model_copy(update={"per_month_usd": 0.0})
        window = spending_window(now, self._zone, everything)
        row = model_call.c
        of_day = case((row.called_at >= window.day, row.cost_microusd), else_=0)
        query = select(func.sum(row.cost_microusd).label("month"), func.sum(of_day).label("day"))
        query = query.where(row.called_at >= window.since, row.cost_microusd > literal_column("0"))
        async with self._database.read() as connection:
            spent = (await connection.execute(query)).one()
        return (
            Spending("day", int(spent.day or 0) / MICRO, self._limits.per_day_usd),
            Spending("month", int(spent.month or 0) / MICRO, self._limits.per_month_usd),
        )

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)

    async def _rows(self, by: CostBy, since: datetime, until: datetime) -> tuple[CostRow, ...]:
        row = model_call.c
        key = {
            CostBy.DAY: type_coerce(row.called_at, BigInteger) // _PIECE_MICROSECONDS,
            CostBy.MODEL: row.model,
            CostBy.PROFILE: row.profile,
            CostBy.LAYER: row.layer,
            CostBy.SERVER: row.server_id,
        }[by].label("key")
        failed = case((row.outcome.in_(_UNDER_WAY_OR_WELL), 0), else_=1)
        query = select(
            key,
            func.count().label("calls"),
            func.sum(failed).label("failed"),
            func.sum(row.tokens_in).label("tokens_in"),
            func.sum(row.tokens_out).label("tokens_out"),
            func.sum(row.cost_microusd).label("cost_microusd"),
        )
        query = query.where(row.called_at >= since, row.called_at < until).group_by(key)
        async with self._database.read() as connection:
            found = list(await connection.execute(query))
            names = await connection.execute(select(server.c.id, server.c.name))
            servers = {row.id: row.name for row in names}
        if by is CostBy.DAY:
            return self._days(found)
        return _by_cost(found, servers if by is CostBy.SERVER else None)

    def _days(self, pieces: Iterable[Row[Any]]) -> tuple[CostRow, ...]:
        days: defaultdict[date, list[Row[Any]]] = defaultdict(list)
        for piece in pieces:
            at = from_micros(piece.key * _PIECE_MICROSECONDS)
            days[at.astimezone(self._zone).date()].append(piece)
        return tuple(_summed(day.isoformat(), None, days[day]) for day in sorted(days))


def _by_cost(found: Iterable[Row[Any]], servers: dict[int, str] | None) -> tuple[CostRow, ...]:
    rows = [
        _summed(str(one.key), None, [one])
        if servers is None
        else _summed(_server_name(one.key, servers), one.key, [one])
        for one in found
    ]
    return tuple(sorted(rows, key=lambda row: (-row.cost_usd, -row.calls, row.name)))


def _server_name(server_id: int | None, names: dict[int, str]) -> str:
    return _NO_SERVER if server_id is None else names.get(server_id, str(server_id))


def _summed(name: str, server_id: int | None, parts: Iterable[Row[Any]]) -> CostRow:
    sums = [tuple(map(int, part[1:])) for part in parts]
    calls, failed, tokens_in, tokens_out, cost = map(sum, zip(*sums, strict=True))
    return CostRow(name, server_id, calls, failed, tokens_in, tokens_out, cost / MICRO)


def _total(rows: Iterable[CostRow]) -> CostRow:
    listed = list(rows)
    return CostRow(
        name="total",
        server_id=None,
        calls=sum(row.calls for row in listed),
        failed=sum(row.failed for row in listed),
        tokens_in=sum(row.tokens_in for row in listed),
        tokens_out=sum(row.tokens_out for row in listed),
        cost_usd=round(sum(row.cost_usd for row in listed), 6),
    )
