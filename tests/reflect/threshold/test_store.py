"""The threshold trigger is exact: one run for every full count, whoever counts at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.postgres import somebody_waits
from tests.reflect.runs.test_store import fire, opened

from zos.db.engine import Database
from zos.db.tables import layer_run, layer_state
from zos.reflect.runs.store import RunStore
from zos.reflect.states import RunStatus, Trigger
from zos.reflect.threshold.store import count_insights, open_due

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


async def watch(
    database: Database, layer: str, threshold: int | None, category: str | None = None
) -> None:
    row = {
        "layer": layer,
        "registered_at": NOW,
        "failures_in_row": 0,
        "insights_since_run": 0,
        "generation": 0,
        "trigger_threshold": threshold,
        "trigger_categories": None if category is None else f",{category},",
    }
    async with database.write() as connection:
        await connection.execute(insert(layer_state).values(row))


async def store(database: Database, layer: str, *categories: str) -> list[str]:
    async with database.write() as connection:
        opened = await count_insights(connection, layer=layer, categories=categories, now=NOW)
    return [run.layer for run in opened]


async def counter(database: Database, layer: str) -> int:
    query = select(layer_state.c.insights_since_run).where(layer_state.c.layer == layer)
    async with database.read() as connection:
        return int((await connection.execute(query)).scalar_one())


async def test_forty_full_counts_by_four_writers_open_forty_runs(database: Database) -> None:
    await watch(database, "self", 10)

    async def write(count: int) -> None:
        for _ in range(count):
            await store(database, "nightly", "channel")

    await asyncio.gather(*(write(100) for _ in range(4)))
    async with database.read() as connection:
        opened = await connection.scalar(select(func.count()).select_from(layer_run))
        generations = await connection.scalar(select(func.count(layer_run.c.generation.distinct())))
    assert (opened, generations) == (40, 40)
    assert await counter(database, "self") == 0


async def test_a_layers_own_insights_do_not_trigger_it(database: Database) -> None:
    await watch(database, "self", 2)
    assert await store(database, "self", "self", "self", "self") == []
    assert await store(database, "nightly", "channel") == []
    assert await store(database, "nightly", "user") == ["self"]


async def test_a_category_narrows_what_counts(database: Database) -> None:
    await watch(database, "people", 2, "user")
    await watch(database, "all", 3)
    assert await store(database, "nightly", "channel", "user") == []
    assert sorted(await store(database, "nightly", "user")) == ["all", "people"]
    assert await counter(database, "people") == 0


async def test_a_layer_without_threshold_and_nothing_stored_open_nothing(
    database: Database,
) -> None:
    await watch(database, "plain", None)
    assert await store(database, "nightly") == []
    assert await store(database, "nightly", "channel") == []
    assert await counter(database, "plain") == 0


async def test_the_opened_run_says_why(database: Database) -> None:
    await watch(database, "self", 1)
    await store(database, "nightly", "channel")
    (run,) = await RunStore(database).unfinished()
    assert (run.trigger, run.status, run.slot) == (Trigger.THRESHOLD, RunStatus.QUEUED, None)
    assert run.reason == "1 insights by other layers since its last run"


async def test_a_lowered_threshold_is_due_at_the_next_look(database: Database) -> None:
    await watch(database, "self", 10)
    await store(database, "nightly", *["channel"] * 4)
    async with database.write() as connection:
        await connection.execute(layer_state.update().values(trigger_threshold=3))
        opened = await open_due(connection, now=NOW)
    assert [run.layer for run in opened] == ["self"]
    assert await counter(database, "self") == 1


async def test_of_many_that_look_at_once_one_takes_the_threshold(database: Database) -> None:
    await watch(database, "self", 10)
    await store(database, "nightly", *["channel"] * 4)
    async with database.write() as connection:
        await connection.execute(layer_state.update().values(trigger_threshold=3))

    async def look() -> int:
        async with database.write() as connection:
            return len(await open_due(connection, now=NOW))

    assert sum(await asyncio.gather(*(look() for _ in range(4)))) == 1
    assert await counter(database, "self") == 1


async def test_a_scheduled_run_starts_the_count_anew(database: Database) -> None:
    await watch(database, "self", 10)
    await store(database, "nightly", *["channel"] * 4)
    runs = RunStore(database)
    run = await opened(runs, fire("self"))
    await runs.claim(run.id, owner="a", now=NOW)
    assert await counter(database, "self") == 0


@pytest.mark.parametrize("config", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "count",
    [
        lambda connection: count_insights(
            connection, layer="nightly", categories=["user"], now=NOW
        ),
        lambda connection: count_insights(
            connection, layer="nightly", categories=["channel", "user"], now=NOW
        ),
        lambda connection: open_due(connection, now=NOW),
    ],
    ids=["count", "count several", "look"],
)
async def test_counters_are_locked_in_the_order_of_their_layers(
    database: Database, count: Callable[[AsyncConnection], Awaitable[object]]
) -> None:
    await watch(database, "b", 0)  # the order in which they are stored
    await watch(database, "a", 0, "user")
    of_layer = select(layer_state).with_for_update(nowait=True)

    async with database.write() as holding:
        await holding.execute(of_layer.where(layer_state.c.layer == "a"))
        other = asyncio.create_task(database.write_at_once(count))
        await somebody_waits(database)
        await holding.execute(of_layer.where(layer_state.c.layer == "b"))
    await other
