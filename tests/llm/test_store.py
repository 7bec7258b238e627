from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import event
from tests.llm.conftest import NOON

from zos.config import Config
from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.llm.call import CallOutcome, ModelCall
from zos.llm.limits import Spent, Window
from zos.llm.request import CallContext, Usage
from zos.llm.store import ModelCallStore


def call(cost: int, *, minutes: int = 0, **context: Any) -> ModelCall:
    at = NOON + timedelta(minutes=minutes)
    return ModelCall(
        new_ulid(at),
        CallContext("nightly", "reflect", **context),
        "default",
        "openai:small",
        "0" * 64,
        at,
        usage=Usage(cost_microusd=cost),
    )


async def test_a_reservation_sees_what_is_spent_before_it_and_not_itself(
    database: Database,
) -> None:
    store = ModelCallStore(database)
    window = Window(day=NOON, month=NOON - timedelta(days=1))
    seen: list[Spent] = []
    await store.record(call(1, minutes=-60, run_id="r", server_id=7))
    await store.record(call(2, run_id="r", server_id=8))
    mine = call(4, run_id="r", server_id=7)
    await store.reserve(mine, window, seen.append)
    await store.reserve(replace(mine, usage=Usage(cost_microusd=9)), window, seen.append)
    await store.reserve(call(0), window, seen.append)
    assert seen == [
        Spent(run=3, day=2, month=3, server_day=0),
        Spent(run=7, day=6, month=7, server_day=4),
        Spent(run=0, day=11, month=12, server_day=0),
    ]


async def test_only_old_open_calls_are_lost(database: Database) -> None:
    store = ModelCallStore(database)
    await store.record(call(1, minutes=-20))
    await store.record(call(1, minutes=-10))
    await store.record(replace(call(1, minutes=-20), outcome=CallOutcome.OK))
    assert await store.mark_lost(NOON - timedelta(minutes=15)) == 1
    assert await store.mark_lost(NOON - timedelta(minutes=15)) == 0


async def test_every_sum_is_read_from_an_index_alone(make_config: Callable[..., Config]) -> None:
    database = Database(make_config())
    await database.connect()
    store = ModelCallStore(database)
    sent: list[tuple[str, Any]] = []

    def listen(*arguments: Any) -> None:
        sent.append((arguments[2], arguments[3]))

    async with database.write() as connection:
        event.listen(connection.sync_engine, "before_cursor_execute", listen)
    await store.reserve(call(1), Window(NOON, NOON), lambda _: None)
    await store.mark_lost(NOON)
    plans: list[str] = []
    async with database.read() as connection:
        for statement, parameters in sent:
            plan = f"EXPLAIN QUERY PLAN {statement}"
            explained = await connection.exec_driver_sql(plan, tuple(parameters))
            plans += [str(row.detail) for row in explained if "model_call" in row.detail]
    await database.close()
    assert sum("COVERING INDEX ix_model_call_spent" in plan for plan in plans) == 3
    assert sum("COVERING INDEX ix_model_call_run" in plan for plan in plans) == 1
    assert sum("INDEX ix_model_call_open" in plan for plan in plans) == 2  # found, then marked
    assert len(plans) == 6
