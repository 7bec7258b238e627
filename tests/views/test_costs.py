from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from zos.config import Config
from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.db.tables import server
from zos.llm.call import CallOutcome, ModelCall
from zos.llm.request import CallContext, Usage
from zos.llm.store import ModelCallStore
from zos.views.costs import CostBy, Costs, CostsView

NOON = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)  # the day after Berlin's clocks went forward


class Spender:
    """Records calls as the client would, and reads their costs in Berlin's days."""

    def __init__(self, database: Database, config: Config) -> None:
        self.store = ModelCallStore(database)
        self.view = CostsView(database, config)

    async def spend(self, cents: int, at: datetime = NOON, **fields: Any) -> None:
        context = CallContext(
            fields.get("layer", "nightly"), "reflect", server_id=fields.get("server_id")
        )
        call = ModelCall(new_ulid(at), context, "default", "openai:small", "0" * 64, at)
        usage = Usage(100, 10, 1, cents * 10_000)
        outcome = fields.get("outcome", CallOutcome.OK)
        model = fields.get("model", call.model)
        await self.store.record(replace(call, usage=usage, outcome=outcome, model=model))

    async def costs(self, by: CostBy, days: int = 30) -> Costs:
        return await self.view.costs(by, now=NOON, days=days)


@pytest.fixture
def spender(database: Database, config: Config, make_config: Callable[..., Config]) -> Spender:
    limits = {"per_day_usd": 5.0, "per_month_usd": None}
    berlin = make_config(
        scheduler={"timezone": "Europe/Berlin"}, models={"limits": limits}, database=config.database
    )
    return Spender(database, berlin)


async def test_costs_are_summed_by_local_day_across_a_change_of_clocks(spender: Spender) -> None:
    for at in (
        datetime(2026, 3, 28, 22, 59, tzinfo=UTC),  # 23:59 on the 28th, winter time
        datetime(2026, 3, 28, 23, 0, tzinfo=UTC),  # midnight
        datetime(2026, 3, 29, 21, 59, tzinfo=UTC),  # 23:59 on the 29th, summer time
        datetime(2026, 3, 29, 22, 0, tzinfo=UTC),  # midnight
        NOON,
    ):
        await spender.spend(1, at)
    found = await spender.costs(CostBy.DAY)
    assert [(row.name, row.calls, row.cost_usd) for row in found.rows] == [
        ("2026-03-28", 1, 0.01),
        ("2026-03-29", 2, 0.02),
        ("2026-03-30", 2, 0.02),
    ]
    assert (found.total.calls, found.total.cost_usd) == (5, 0.05)
    assert found.total.tokens_in == 500
    assert found.since.isoformat() == "2026-03-01T00:00:00+01:00"
    assert found.until.isoformat() == "2026-03-31T00:00:00+02:00"


async def test_only_the_days_asked_for_count(spender: Spender) -> None:
    await spender.spend(1)
    await spender.spend(1, datetime(2026, 3, 29, 21, 59, tzinfo=UTC))
    await spender.spend(1, datetime(2026, 3, 30, 22, 0, tzinfo=UTC))
    assert (await spender.costs(CostBy.DAY, days=1)).total.calls == 1
    assert (await spender.costs(CostBy.DAY, days=2)).total.calls == 2


async def test_the_dearest_comes_first(spender: Spender) -> None:
    await spender.spend(1, model="openai:small", layer="nightly")
    await spender.spend(5, model="openai:large", layer="weekly")
    await spender.spend(1, model="openai:small", layer="nightly")
    by_model = await spender.costs(CostBy.MODEL)
    assert [(row.name, row.calls) for row in by_model.rows] == [
        ("openai:large", 1),
        ("openai:small", 2),
    ]
    by_layer = await spender.costs(CostBy.LAYER)
    assert [row.name for row in by_layer.rows] == ["weekly", "nightly"]


async def test_servers_have_their_names(spender: Spender, database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(server).values(id=7, name="Allotment", seen_at=NOON))
    await spender.spend(3, server_id=7)
    await spender.spend(2, server_id=8)
    await spender.spend(1)
    found = await spender.costs(CostBy.SERVER)
    assert [(row.name, row.server_id) for row in found.rows] == [
        ("Allotment", 7),
        ("8", 8),
        ("outside servers", None),
    ]


async def test_calls_that_gave_nothing_are_counted(spender: Spender) -> None:
    for outcome in CallOutcome:
        await spender.spend(1, outcome=outcome)
    (row,) = (await spender.costs(CostBy.DAY)).rows
    assert (row.calls, row.failed) == (len(CallOutcome), len(CallOutcome) - 2)


async def test_limits_show_what_the_running_day_and_month_spent(spender: Spender) -> None:
    await spender.spend(1)
    await spender.spend(2, NOON - timedelta(days=1))
    await spender.spend(4, NOON - timedelta(days=40))
    day, month = (await spender.costs(CostBy.DAY, days=1)).limits
    assert (day.name, day.spent_usd, day.limit_usd) == ("day", 0.01, 5.0)
    assert (month.name, month.spent_usd, month.limit_usd) == ("month", 0.03, None)


async def test_nothing_spent_is_an_empty_table(spender: Spender) -> None:
    found = await spender.costs(CostBy.MODEL)
    assert (found.rows, found.total.calls, found.total.cost_usd) == ((), 0, 0)
    assert [spending.spent_usd for spending in found.limits] == [0, 0]
