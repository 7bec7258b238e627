"""Calls of models, one by one: the rows behind every figure of the costs.

In: filters and cursors. Out: frozen rows, newest first; money in US dollars.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, select

from zos.core.ids import ulid_floor
from zos.db.tables import MICRO, model_call
from zos.db.tables.runs import CALLS_FAILED, CALLS_LISTED
from zos.llm.call import CallOutcome
from zos.members.model import Snowflake
from zos.views.page import Page, page_of

if TYPE_CHECKING:
    from zos.config import Config
    from zos.db.engine import Database


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call of a model.

    Attributes:
        run_id: The run that asked; None outside a run.
        cost_usd: The reservation for as long as `outcome` is `reserved`.
        requests: Tries, the first one included.
    """

    id: str
    called_at: datetime
    run_id: str | None
    target_id: str | None
    server_id: Snowflake | None
    layer: str
    node: str
    profile: str
    model: str
    outcome: CallOutcome
    error: str | None
    tokens_in: int
    tokens_out: int
    requests: int
    cost_usd: float
    latency_ms: int


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls to list; None: any.

    Attributes:
        first: Only those of this local day or later.
        last: Only those of this local day or earlier.
        outside_servers: Only those that belong to no server.
        failed: Only those without a usable answer.
    """

    first: date | None = None
    last: date | None = None
    model: str | None = None
    profile: str | None = None
    layer: str | None = None
    server_id: int | None = None
    outcome: CallOutcome | None = None
    outside_servers: bool = False
    failed: bool = False


class CallsView:
    """Reads calls.

    Args:
        database: The store.
        config: The zone of days.
    """

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._zone = ZoneInfo(config.scheduler.timezone)

    async def page(
        self, which: CallFilter, *, before: str | None = None, limit: int = 50
    ) -> Page[CallRow]:
        """Return calls, newest first.

        Args:
            which: Which ones.
            before: The cursor: only calls older than this id.
            limit: 1 to `zos.views.page.MAX_LIMIT`.
        """
        query = select(model_call).where(CALLS_LISTED, *self._conditions(which))
        if before is not None:
            query = query.where(model_call.c.id < before)
        query = query.order_by(model_call.c.id.desc()).limit(limit + 1)
        async with self._database.read() as connection:
            found = [_row(row) for row in await connection.execute(query)]
        return page_of(found, limit, lambda call: call.id)

    def _conditions(self, which: CallFilter) -> Iterator[ColumnElement[bool]]:
        # An id begins with the time of the call, so that the table's own order answers for a day.
        if which.first is not None:
            yield model_call.c.id >= ulid_floor(self._midnight(which.first))
        if which.last is not None:
            yield model_call.c.id < ulid_floor(self._midnight(which.last + timedelta(days=1)))
        if which.outside_servers:
            yield model_call.c.server_id.is_(None)
        if which.failed:
            yield CALLS_FAILED
        equal = {
            "model": which.model,
            "profile": which.profile,
            "layer": which.layer,
            "server_id": which.server_id,
            "outcome": which.outcome,
        }
        yield from (
            model_call.c[name] == value for name, value in equal.items() if value is not None
        )

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self._zone)


def _row(row: Row[Any]) -> CallRow:
    values = row._asdict()
    del values["prompt_hash"]
    cost = values.pop("cost_microusd") / MICRO
    return CallRow(**{**values, "outcome": CallOutcome(row.outcome), "cost_usd": cost})
