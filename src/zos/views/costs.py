"""What calls of models cost: by day, model, profile, layer or server, and against the limits.

In: a range of local days. Out: frozen rows; money in US dollars. A reservation counts as its cost
until it is settled, as it does for the limits. What is read are the sums of days that `llm.sums` keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, case, func, select

from zos.config import Config
from zos.db.engine import Connection, Database
from zos.db.sets import one_of
from zos.db.tables import MICRO, call_sum, server
from zos.llm.sums.store import NO_SERVER, CallSums, SumBy
from zos.members.model import Snowflake
from zos.views.local_days import LocalDays

_NO_SERVER = "outside servers"


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
    server_id: Snowflake | None
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
        self._sums = CallSums(database)
        self._limits = config.models.limits
        self._zone = ZoneInfo(config.scheduler.timezone)

    async def costs(self, by: CostBy, *, now: datetime, days: int = 30) -> Costs:
        """Return the costs of the last `days` local days, the day of `now` (aware) included."""
        range_ = LocalDays.until(now, days, self._zone)

        async def work(connection: Connection) -> Costs:
            rows = (await _summed(connection, [by], range_))[by]
            limits = await self._spending(connection, now=now)
            return Costs(by, range_.since, range_.end, rows, _total(rows), limits)

        return await self._sums.read(self._zone, work)

    async def overview(self, *, now: datetime, days: int = 30) -> CostOverview:
        """Return the costs of the last `days` local days, the day of `now` (aware) included, in every way."""
        range_ = LocalDays.until(now, days, self._zone)
        return await self._sums.read(self._zone, partial(self._overview, range_=range_, now=now))

    async def _overview(
        self, connection: Connection, *, range_: LocalDays, now: datetime
    ) -> CostOverview:
        by = await _summed(connection, list(CostBy), range_)
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
            by_day_and_model=await _days_and_models(connection, range_),
            total=_total(by[CostBy.DAY]),
            limits=await self._spending(connection, now=now),
        )

    async def limits(self, now: datetime) -> tuple[Spending, ...]:
        """Return what is spent of the day's and the month's limit at `now` (aware)."""
        return await self._sums.read(self._zone, partial(self._spending, now=now))

    async def _spending(self, connection: Connection, *, now: datetime) -> tuple[Spending, ...]:
        today = now.astimezone(self._zone).date()
        given = {"today": today, "first": today.replace(day=1)}
        spent = (await connection.execute(_SPENT, given)).one()
        return (
            Spending("day", int(spent.day or 0) / MICRO, self._limits.per_day_usd),
            Spending("month", int(spent.month or 0) / MICRO, self._limits.per_month_usd),
        )


async def _summed(
    connection: Connection, by: Sequence[CostBy], days: LocalDays
) -> dict[CostBy, tuple[CostRow, ...]]:
    """Return the sums by each of `by`: days in order, else the dearest first."""
    given = {**_ends(days), "by": [one.value for one in by]}
    rows: dict[CostBy, list[CostRow]] = {one: [] for one in by}
    for kind, *found in await connection.execute(_BY_NAME, given):
        rows[CostBy(kind)].append(_row(found))
    if CostBy.DAY in rows:
        rows[CostBy.DAY] = list(map(_row, await connection.execute(_BY_DAY, given)))
    if CostBy.SERVER in rows:
        names = {row.id: row.name for row in await connection.execute(_SERVERS)}
        rows[CostBy.SERVER] = [_of_server(row, names) for row in rows[CostBy.SERVER]]
    for kind in rows.keys() - {CostBy.DAY}:
        rows[kind].sort(key=lambda row: (-row.cost_usd, -row.calls, row.name))
    return {kind: tuple(some) for kind, some in rows.items()}


# Each call is in one sum by model: added up, they are a day's.
_OF_MODELS = call_sum.c.by == SumBy.MODEL.value
_IN_RANGE = call_sum.c.day.between(bindparam("first"), bindparam("last"))
_SUMS = [
    func.sum(call_sum.c[name]).label(name)
    for name in ("calls", "failed", "tokens_in", "tokens_out", "cost_microusd")
]
_BY_DAY = (
    select(call_sum.c.day.label("name"), *_SUMS)
    .where(_OF_MODELS, _IN_RANGE, call_sum.c.calls > 0)
    .group_by(call_sum.c.day)
    .order_by(call_sum.c.day)
)
_BY_NAME = (
    select(call_sum.c.by, call_sum.c.name, *_SUMS)
    .where(one_of(call_sum.c.by, "by"), _IN_RANGE, call_sum.c.calls > 0)
    .group_by(call_sum.c.by, call_sum.c.name)
)
_BY_DAY_AND_MODEL = select(call_sum.c.day, call_sum.c.name, call_sum.c.cost_microusd).where(
    _OF_MODELS, _IN_RANGE, call_sum.c.calls > 0
)
_OF_TODAY = case((call_sum.c.day >= bindparam("today"), call_sum.c.cost_microusd), else_=0)
_SPENT = select(
    func.sum(call_sum.c.cost_microusd).label("month"), func.sum(_OF_TODAY).label("day")
).where(_OF_MODELS, call_sum.c.day >= bindparam("first"))
_SERVERS = select(server.c.id, server.c.name)


async def _days_and_models(connection: Connection, days: LocalDays) -> dict[tuple[str, str], float]:
    found = await connection.execute(_BY_DAY_AND_MODEL, _ends(days))
    return {(day.isoformat(), model): cost / MICRO for day, model, cost in found}


def _ends(days: LocalDays) -> dict[str, Any]:
    return {"first": days.date(0), "last": days.date(days.count - 1)}


def _row(found: Sequence[Any]) -> CostRow:
    calls, failed, tokens_in, tokens_out, cost = map(int, found[1:])
    return CostRow(str(found[0]), None, calls, failed, tokens_in, tokens_out, cost / MICRO)


def _of_server(row: CostRow, names: dict[int, str]) -> CostRow:
    if row.name == NO_SERVER:
        return replace(row, name=_NO_SERVER)
    server_id = int(row.name)
    return replace(row, server_id=server_id, name=names.get(server_id, row.name))


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
