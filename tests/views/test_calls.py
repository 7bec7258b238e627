"""The rows behind every figure of the costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from zos.config import Config
from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.db.tables import model_call
from zos.db.tables.runs import CALLS_FAILED
from zos.llm.call import CallOutcome, ModelCall
from zos.llm.request import CallContext, Usage
from zos.llm.store import ModelCallStore
from zos.views.calls import CallFilter, CallsView

NOON = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)


class Calls:
    """Records calls as the client would, and reads them in Berlin's days."""

    def __init__(self, database: Database, config: Config) -> None:
        self.store = ModelCallStore(database)
        self.view = CallsView(database, config)

    async def made(self, at: datetime = NOON, **fields: Any) -> str:
        context = CallContext(
            fields.pop("layer", "nightly"), "reflect", server_id=fields.pop("server_id", None)
        )
        call = ModelCall(new_ulid(at), context, "default", "openai:small", "0" * 64, at)
        call = replace(call, usage=Usage(100, 10, 1, 20_000), **fields)
        await self.store.record(call)
        return call.id

    async def ids(self, **which: Any) -> list[str]:
        return [one.id for one in (await self.view.page(CallFilter(**which))).items]


@pytest.fixture
def calls(database: Database, config: Config, make_config: Callable[..., Config]) -> Calls:
    berlin = make_config(scheduler={"timezone": "Europe/Berlin"}, database=config.database)
    return Calls(database, berlin)


async def test_a_call_is_told_whole(calls: Calls) -> None:
    call_id = await calls.made(outcome=CallOutcome.TIMEOUT, error="too slow", latency_ms=60_000)
    (row,) = (await calls.view.page(CallFilter())).items
    assert (row.id, row.called_at, row.layer, row.model) == (
        call_id,
        NOON,
        "nightly",
        "openai:small",
    )
    assert (row.outcome, row.error, row.latency_ms) == ("timeout", "too slow", 60_000)
    assert (row.tokens_in, row.tokens_out, row.cost_usd) == (100, 10, 0.02)


async def test_the_newest_come_first_in_pages(calls: Calls) -> None:
    made = [await calls.made() for _ in range(5)]
    first = await calls.view.page(CallFilter(), limit=3)
    second = await calls.view.page(CallFilter(), before=first.next_cursor, limit=3)
    assert [one.id for one in first.items + second.items] == made[::-1]
    assert second.next_cursor is None


async def test_days_are_local_ones_across_a_change_of_clocks(calls: Calls) -> None:
    await calls.made(datetime(2026, 3, 28, 22, 59, tzinfo=UTC))  # 23:59 on the 28th
    wanted = [
        await calls.made(datetime(2026, 3, 28, 23, 0, tzinfo=UTC)),
        await calls.made(datetime(2026, 3, 29, 21, 59, tzinfo=UTC)),
    ]
    await calls.made(datetime(2026, 3, 29, 22, 0, tzinfo=UTC))  # midnight
    day = date(2026, 3, 29)
    assert await calls.ids(first=day, last=day) == wanted[::-1]


@pytest.mark.parametrize(
    "one",
    [
        {"model": "openai:large"},
        {"profile": "deep"},
        {"layer": "weekly"},
        {"server_id": 7},
        {"outcome": CallOutcome.REFUSED},
    ],
    ids=lambda one: next(iter(one)),
)
async def test_a_figure_leads_to_its_own_rows_alone(calls: Calls, one: dict[str, Any]) -> None:
    await calls.made()
    wanted = await calls.made(**one)
    await calls.made()
    assert await calls.ids(**one) == [wanted]


async def test_the_few_that_failed_are_found_by_an_index_of_their_own(
    calls: Calls, database: Database
) -> None:
    failed = [
        await calls.made(outcome=one)
        for one in CallOutcome
        if one not in {CallOutcome.OK, CallOutcome.RESERVED}
    ]
    await calls.made(outcome=CallOutcome.OK)
    assert await calls.ids(failed=True) == failed[::-1]
    query = select(model_call.c.id).where(CALLS_FAILED).order_by(model_call.c.id.desc())
    if database.is_sqlite:
        statement = query.compile(compile_kwargs={"literal_binds": True})
        async with database.read() as connection:
            plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")
            assert all("ix_model_call_failed" in row.detail for row in plan)
