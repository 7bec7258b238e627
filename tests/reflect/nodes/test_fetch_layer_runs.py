from __future__ import annotations

from datetime import timedelta

import pytest
from tests.reflect.world import NOW, World, node

from zos.reflect.context import TargetContext


def found(context: TargetContext) -> list[str]:
    return [one.layer for one in context.gathered.runs]


@pytest.fixture
async def nights(world: World) -> World:
    for layer, hours in (("old", 24 * 9), ("channels", 30), ("users", 20), ("later", -1)):
        await world.ran(layer, NOW - timedelta(hours=hours))
    return world


async def test_it_finds_the_runs_of_a_week_oldest_first(nights: World) -> None:
    assert found(await nights.run(nights.target(), node("fetch_layer_runs"))) == [
        "channels",
        "users",
    ]


async def test_it_looks_back_so_many_hours_and_takes_the_newest(nights: World) -> None:
    long = node("fetch_layer_runs", lookback_hours=24 * 10)
    assert found(await nights.run(nights.target(), long)) == ["old", "channels", "users"]
    assert found(await nights.run(nights.target(), node("fetch_layer_runs", limit=1))) == ["users"]


async def test_it_may_be_about_some_layers_only(nights: World) -> None:
    some = node("fetch_layer_runs", layers=["channels"])
    assert found(await nights.run(nights.target(), some)) == ["channels"]


async def test_the_run_under_way_is_none_of_them(nights: World) -> None:
    context = nights.target()
    await nights.ran("myself", NOW, run_id=context.brief.run_id)
    assert found(await nights.run(context, node("fetch_layer_runs"))) == ["channels", "users"]
