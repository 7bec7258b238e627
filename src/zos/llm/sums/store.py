"""`call_sum`: what calls of models cost by local day, kept in the transaction that writes a call.

In: calls that are about to change, and the zone of days. Out: rows to add up, few for each day however
many calls there were. They are right at every commit: whoever writes `model_call` does it in `counting`,
and `read` makes them anew where they are by the days of another zone than the one that is asked for.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Select,
    Text,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from zos.db.engine import LATER, Database
from zos.db.tables import call_sum, call_sum_zone, model_call
from zos.db.tables.runs import CALLS_FAILED

NO_SERVER = ""
"""The name of the sums of calls that belong to no server."""

# The key of PostgreSQL's advisory lock on `model_call`: any constant that nothing else uses.
_LOCK = 0x5A6F_7301
_NAMES = ("calls", "failed", "tokens_in", "tokens_out", "cost_microusd")
_NONE: ColumnElement[str] = literal_column("''")  # NO_SERVER: what is grouped by cannot be bound
_DAY = timedelta(days=1)
_Result = TypeVar("_Result")


class SumBy(StrEnum):
    """What calls of a day are summed by. Each call is in one sum of each."""

    MODEL = "model"
    PROFILE = "profile"
    LAYER = "layer"
    SERVER = "server"


class CallSums:
    """Keeps the sums, and opens them to readers.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        called_at = model_call.c.called_at
        of_a_day = (called_at >= bindparam("since"), called_at < bindparam("until"))
        one = model_call.c.id == bindparam("call_id")
        self._add_day = _adding(database, *of_a_day)
        self._add_one = _adding(database, one).execution_options(**LATER)

    async def be_alone(self, connection: AsyncConnection) -> None:
        """Wait until no other transaction writes calls: SQLite has one writer, PostgreSQL takes a lock."""
        if not self._database.is_sqlite:
            await connection.execute(_TAKE_LOCK, {"key": _LOCK})

    @asynccontextmanager
    async def counting(
        self, connection: AsyncConnection, calls: Mapping[str, datetime]
    ) -> AsyncIterator[None]:
        """Keep the sums right while rows of calls are written in the block.

        Args:
            connection: A transaction that is alone.
            calls: When each call was made, by its id.
        """
        zone = await connection.scalar(_ZONE)
        given = [] if zone is None else list(_given(calls, ZoneInfo(zone)))
        if given:
            await connection.execute(self._add_one, [{**one, "times": -1} for one in given])
        yield
        if given:
            await connection.execute(self._add_one, given)

    async def read(
        self, zone: ZoneInfo, work: Callable[[AsyncConnection], Awaitable[_Result]]
    ) -> _Result:
        """Return what `work` reads at once (see `Database.read_at_once`) where `call_sum` is by the days of `zone`."""

        async def if_by_zone(connection: AsyncConnection) -> list[_Result]:
            is_by_zone = await connection.scalar(_ZONE) == zone.key
            return [await work(connection)] if is_by_zone else []

        while not (found := await self._database.read_at_once(if_by_zone)):
            await self._make(zone)
        return found[0]

    async def _make(self, zone: ZoneInfo) -> None:
        async with self._database.write() as connection:
            await self.be_alone(connection)
            await connection.execute(delete(call_sum))
            await connection.execute(delete(call_sum_zone))
            await connection.execute(insert(call_sum_zone), {"zone": zone.key})
            first, last = (await connection.execute(_BOUNDS)).one()
            if first is not None:
                await connection.execute(self._add_day, list(_days(first, last, zone)))


_TAKE_LOCK = text("SELECT pg_advisory_xact_lock(:key)")
_ZONE = select(call_sum_zone.c.zone)
_BOUNDS = select(func.min(model_call.c.called_at), func.max(model_call.c.called_at))


def _days(first: datetime, last: datetime, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    day = first.astimezone(zone).date()
    while day <= last.astimezone(zone).date():
        since, until = (datetime.combine(one, time(), zone) for one in (day, day + _DAY))
        yield {"of_day": day, "since": since, "until": until, "times": 1}
        day += _DAY


def _given(calls: Mapping[str, datetime], zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    for call_id, called_at in calls.items():
        yield {"call_id": call_id, "of_day": called_at.astimezone(zone).date(), "times": 1}


def _adding(database: Database, *which: ColumnElement[bool]) -> Any:
    """Return the statement that adds the calls of `of_day` that `which` finds, `times` (1 or -1), to the sums."""
    found = union_all(*(_summed(by, *which) for by in SumBy))
    add = database.insert(call_sum).from_select(["by", "day", "name", *_NAMES], found)
    more = {name: call_sum.c[name] + add.excluded[name] for name in _NAMES}
    return add.on_conflict_do_update(index_elements=["by", "day", "name"], set_=more)


def _summed(by: SumBy, *which: ColumnElement[bool]) -> Select[Any]:
    row = model_call.c
    name: ColumnElement[str] = {
        SumBy.MODEL: row.model,
        SumBy.PROFILE: row.profile,
        SumBy.LAYER: row.layer,
        SumBy.SERVER: func.coalesce(cast(row.server_id, Text), _NONE),
    }[by]
    failed = func.sum(case((CALLS_FAILED, 1), else_=0))
    amounts = [func.count(), failed, *(func.sum(row[amount]) for amount in _NAMES[2:])]
    times, day = bindparam("times", type_=BigInteger), bindparam("of_day", type_=Date)
    columns: list[ColumnElement[Any]] = [literal(by.value), day, name]
    columns += [times * amount for amount in amounts]
    return select(*columns).where(*which).group_by(name)
