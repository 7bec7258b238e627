"""What calls of models cost: by day, model, profile, layer or server, and against the limits.

In: a range of local days. Out: frozen rows; money in US dollars. A reservation counts as its cost
until it is settled, as it does for the limits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, case, func, literal_column, select

from zos.config import Config
from zos.db.engine import Database
from zos.db.tables import MICRO, model_call, server
from zos.llm.limits import spending_window
from zos.views.calls import UNDER_WAY_OR_WELL
from zos.views.local_days import LocalDays

_NO_SERVER = "outside servers"
_SUMS = ("calls", "failed", "tokens_in", "tokens_out", "cost_microusd")


class CostBy(StrEnum):
    """What costs are summed by."""

    DAY = "day"
    MODEL = "model"
    PROFILE = "profile"
    LAYER = "layer"
    SERVER = "server"


# Sums for each combination of these are few, however many calls there are.
_BY_TIME, _BY_PLACE = (CostBy.DAY, CostBy.MODEL), (CostBy.LAYER, CostBy.SERVER, CostBy.PROFILE)


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


@dataclass(frozen=True, slots=True)
class CostOverview:
    """The same costs, summed in every way.

    Attributes:
        days: Every day of the range, in order, also those without a call.
        models: The dearest first; as are `layers`, `servers` and `profiles`.
        by_day_and_model: US dollars, of each day (ISO) and model on which there were calls.
    """

    since: datetime
    until: datetime
    days: tuple[CostRow, ...]
    models: tuple[CostRow, ...]
    layers: tuple[CostRow, ...]
    servers: tuple[CostRow, ...]
    profiles: tuple[CostRow, ...]
    by_day_and_model: dict[tuple[str, str], float]
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
        range_ = LocalDays.until(now, days, self._zone)
        parts = await self._parts([by], range_)
        named = _Names(range_, await self._servers())
        rows = named.rows(parts, by)
        return Costs(by, range_.since, range_.end, rows, _total(rows), await self.limits(now))

    async def overview(self, *, now: datetime, days: int = 30) -> CostOverview:
        """Return the costs of the last `days` local days, the day of `now` (aware) included, in every way."""
        range_ = LocalDays.until(now, days, self._zone)
        named = _Names(range_, await self._servers())
        by_time = await self._parts(_BY_TIME, range_)
        by_place = await self._parts(_BY_PLACE, range_)
        by = {one: named.rows(by_time, one) for one in _BY_TIME}
        by |= {one: named.rows(by_place, one) for one in _BY_PLACE}
        found = {row.name: row for row in by[CostBy.DAY]}
        names = (range_.date(number).isoformat() for number in range(range_.count))
        return CostOverview(
            since=range_.since,
            until=range_.end,
            days=tuple(found.get(name) or CostRow(name, None, 0, 0, 0, 0, 0.0) for name in names),
            models=by[CostBy.MODEL],
            layers=by[CostBy.LAYER],
            servers=by[CostBy.SERVER],
            profiles=by[CostBy.PROFILE],
            by_day_and_model=named.days_and_models(by_time),
            total=_total(by[CostBy.DAY]),
            limits=await self.limits(now),
        )

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

    async def _parts(self, by: Sequence[CostBy], days: LocalDays) -> list[Row[Any]]:
        """Return sums of calls for each combination of what is asked for."""
        row = model_call.c
        keys = {
            CostBy.DAY: days.number_of(row.called_at),
            CostBy.MODEL: row.model,
            CostBy.PROFILE: row.profile,
            CostBy.LAYER: row.layer,
            CostBy.SERVER: row.server_id,
        }
        chosen = [keys[one].label(one.value) for one in by]
        failed = case((row.outcome.in_(UNDER_WAY_OR_WELL), 0), else_=1)
        query = select(
            *chosen,
            func.count().label("calls"),
            func.sum(failed).label("failed"),
            func.sum(row.tokens_in).label("tokens_in"),
            func.sum(row.tokens_out).label("tokens_out"),
            func.sum(row.cost_microusd).label("cost_microusd"),
        )
        query = query.where(row.called_at >= days.since, row.called_at < days.end)
        async with self._database.read() as connection:
            return list(await connection.execute(query.group_by(*(one.value for one in by))))

    async def _servers(self) -> dict[int, str]:
        async with self._database.read() as connection:
            found = await connection.execute(select(server.c.id, server.c.name))
            return {row.id: row.name for row in found}


@dataclass(frozen=True, slots=True)
class _Names:
    """What sums are called."""

    days: LocalDays
    servers: dict[int, str]

    def rows(self, parts: Iterable[Row[Any]], by: CostBy) -> tuple[CostRow, ...]:
        """Return `parts` summed by one of what they are sums of: days in order, else the dearest first."""
        groups: defaultdict[Any, list[Row[Any]]] = defaultdict(list)
        for part in parts:
            groups[getattr(part, by.value)].append(part)
        rows = [self._row(key, some, by) for key, some in groups.items()]
        if by is CostBy.DAY:
            return tuple(sorted(rows, key=lambda row: row.name))
        return tuple(sorted(rows, key=lambda row: (-row.cost_usd, -row.calls, row.name)))

    def days_and_models(self, parts: Iterable[Row[Any]]) -> dict[tuple[str, str], float]:
        """Return the costs of each day and model."""
        sums: defaultdict[tuple[str, str], int] = defaultdict(int)
        for part in parts:
            sums[self.days.date(part.day).isoformat(), part.model] += int(part.cost_microusd)
        return {key: cost / MICRO for key, cost in sums.items()}

    def _row(self, key: Any, parts: Sequence[Row[Any]], by: CostBy) -> CostRow:
        sums = (sum(int(getattr(part, name)) for part in parts) for name in _SUMS)
        calls, failed, tokens_in, tokens_out, cost = sums
        server_id = key if by is CostBy.SERVER else None
        name = self._name(key, by)
        return CostRow(name, server_id, calls, failed, tokens_in, tokens_out, cost / MICRO)

    def _name(self, key: Any, by: CostBy) -> str:
        match by:
            case CostBy.DAY:
                return self.days.date(key).isoformat()
            case CostBy.SERVER:
                return _NO_SERVER if key is None else self.servers.get(key, str(key))
            case _:
                return str(key)


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
