"""Sums of calls are what a count of all calls gives, whatever happens to the calls and whose days are asked for."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from zos.core.errors import BudgetError
from zos.core.ids import new_ulid
from zos.db.engine import Connection, Database
from zos.db.tables import call_sum, call_sum_zone, model_call
from zos.llm.call import CallOutcome, ModelCall
from zos.llm.limits import Spent, Window
from zos.llm.request import CallContext, Usage
from zos.llm.store import ModelCallStore
from zos.llm.sums.store import CallSums, SumBy

FIRST = datetime(2026, 3, 27, 21, 0, tzinfo=UTC)  # clocks go forward in Berlin, back on Lord Howe
ZONES = [ZoneInfo(one) for one in ("UTC", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu")]
WINDOW = Window(FIRST, None)
Sums = dict[tuple[str, date, str], tuple[int, ...]]

_failed = st.sampled_from([one for one in CallOutcome if one is not CallOutcome.RESERVED])
_calls = st.builds(
    lambda minutes, layer, server, profile, model, usage: ModelCall(
        new_ulid(FIRST + timedelta(minutes=minutes)),
        CallContext(layer, "reflect", server_id=server),
        profile,
        model,
        "0" * 64,
        FIRST + timedelta(minutes=minutes),
        usage=usage,
    ),
    st.integers(0, 60 * 24 * 12),
    st.sampled_from(["nightly", "weekly"]),
    st.sampled_from([None, 7, 2**62]),
    st.sampled_from(["reflect", "simple"]),
    st.sampled_from(["openai:small", "openai:large"]),
    st.builds(Usage, st.integers(0, 99), st.integers(0, 9), st.just(1), st.integers(0, 10**9)),
)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("reserve"), _calls),
        st.tuples(st.just("settle"), _calls, _failed, st.integers(0, 9)),
        st.tuples(st.just("sweep"), st.integers(0, 12)),
        st.tuples(st.just("look"), st.sampled_from(ZONES)),
    ),
    max_size=14,
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=_steps, zone=st.sampled_from(ZONES))
async def test_sums_are_a_count_of_all_calls_after_every_step(
    steps: list[tuple[object, ...]], zone: ZoneInfo, database: Database
) -> None:
    await _empty(database)
    store, open_calls = ModelCallStore(database), list[ModelCall]()
    for step in steps:
        match step:
            case ("reserve", ModelCall() as call):
                await store.reserve(call, WINDOW, lambda _: None)
                open_calls.append(call)
            case ("settle", ModelCall() as call, CallOutcome() as outcome, int(which)):
                # Another model may answer than the one that was asked first.
                begun = open_calls[which % len(open_calls)] if open_calls else call
                ended = replace(begun, model=call.model, usage=call.usage, outcome=outcome)
                await store.record(ended)
            case ("sweep", int(days)):
                await store.mark_lost(FIRST + timedelta(days=days))
            case (_, ZoneInfo() as looked):
                zone = looked
        assert await _kept(database, zone) == await _counted(database, zone)


async def test_what_is_rolled_back_is_in_no_sum(database: Database) -> None:
    def refuse(_spent: Spent) -> None:
        raise BudgetError("Too dear.", hint="Wait.")

    store = ModelCallStore(database)
    await store.record(_call(0))
    before = await _kept(database, ZONES[0])
    await asyncio.gather(store.reserve(_call(1), WINDOW, refuse), return_exceptions=True)
    assert await _kept(database, ZONES[0]) == before != {}


async def test_sums_stay_right_while_many_write_and_two_zones_are_looked_at(
    database: Database,
) -> None:
    store = ModelCallStore(database)
    calls = [_call(number) for number in range(20)]
    await asyncio.gather(
        *(store.reserve(call, WINDOW, lambda _: None) for call in calls),
        *(store.record(replace(call, outcome=CallOutcome.OK)) for call in calls[:10]),
        *(_kept(database, zone) for zone in ZONES),
        store.mark_lost(FIRST + timedelta(days=4)),
    )
    for zone in ZONES:
        assert await _kept(database, zone) == await _counted(database, zone)


def _call(number: int) -> ModelCall:
    at = FIRST + timedelta(hours=7 * number)
    context = CallContext("nightly", "reflect")
    return ModelCall(new_ulid(at), context, "reflect", "openai:small", "0" * 64, at)


async def _empty(database: Database) -> None:
    async with database.write() as connection:
        for table in (model_call, call_sum, call_sum_zone):
            await connection.execute(delete(table))


async def _kept(database: Database, zone: ZoneInfo) -> Sums:
    async def work(connection: Connection) -> Sums:
        rows = await connection.execute(select(call_sum).where(call_sum.c.calls > 0))
        return {(row.by, row.day, row.name): tuple(row[3:]) for row in rows}

    return await CallSums(database).read(zone, work)


async def _counted(database: Database, zone: ZoneInfo) -> Sums:
    """Add all calls up, one by one."""
    sums: dict[tuple[str, date, str], Counter[int]] = {}
    async with database.read() as connection:
        rows = (await connection.execute(select(model_call))).all()
    for row in rows:
        names = {
            SumBy.MODEL: row.model,
            SumBy.PROFILE: row.profile,
            SumBy.LAYER: row.layer,
            SumBy.SERVER: "" if row.server_id is None else str(row.server_id),
        }
        amounts = (1, row.outcome not in {"ok", "reserved"}, row.tokens_in, row.tokens_out)
        for by, name in names.items():
            key = (by.value, row.called_at.astimezone(zone).date(), name)
            sums.setdefault(key, Counter()).update(
                dict(enumerate((*map(int, amounts), row.cost_microusd)))
            )
    return {key: tuple(found[place] for place in range(5)) for key, found in sums.items()}
