from __future__ import annotations

from datetime import timedelta

import pytest
from tests.prompts.made import ANA, BO, CY
from tests.reflect.world import NOW, World, node

from zos.reflect.context import TargetContext


def found(context: TargetContext) -> list[str]:
    return [one.emoji for one in context.gathered.reactions]


@pytest.fixture
async def liked(world: World) -> World:
    await world.say(1, ANA, "beans", hours_ago=100)
    await world.react(1, "🌱", BO, hours_ago=90)
    await world.react(1, "👍", CY, hours_ago=2)
    return world


async def test_it_finds_the_reactions_on_the_topics_messages(liked: World) -> None:
    assert found(await liked.run(liked.target(), node("fetch_reactions"))) == ["🌱", "👍"]


async def test_it_leaves_out_those_of_before_the_last_reflection(liked: World) -> None:
    context = liked.target(last_reflected_at=NOW - timedelta(hours=3))
    assert found(await liked.run(context, node("fetch_reactions"))) == ["👍"]
    again = liked.target(last_reflected_at=NOW - timedelta(hours=3))
    everything = node("fetch_reactions", since_last_reflection=False)
    assert found(await liked.run(again, everything)) == ["🌱", "👍"]


async def test_it_looks_back_so_many_hours_and_takes_the_newest(liked: World) -> None:
    assert found(await liked.run(liked.target(), node("fetch_reactions", lookback_hours=10))) == [
        "👍"
    ]
    assert found(await liked.run(liked.target(), node("fetch_reactions", limit=1))) == ["👍"]


async def test_too_few_make_the_target_dry(liked: World) -> None:
    context = await liked.run(liked.target(), node("fetch_reactions", min_reactions=3))
    assert context.dry_reason == "only 2 of 3 new reactions"
    assert not found(context)
