from __future__ import annotations

from datetime import timedelta

import pytest
from tests.prompts.made import ANA, BO, BOT, KITCHEN
from tests.reflect.world import NOW, World, node

from zos.reflect.context import TargetContext


def found(context: TargetContext) -> list[int]:
    return [one.id for one in context.gathered.messages]


@pytest.fixture
async def talk(world: World) -> World:
    await world.say(1, ANA, "long ago", hours_ago=24 * 40)
    await world.say(2, ANA, "last week", hours_ago=24 * 7)
    await world.say(3, BO, "yesterday", hours_ago=24)
    await world.say(4, BOT, "beep", hours_ago=23)
    await world.say(5, ANA, "elsewhere", hours_ago=22, channel=KITCHEN)
    await world.say(6, ANA, "just now", hours_ago=0)
    await world.say(7, ANA, "later", hours_ago=-1)
    return world


async def test_it_finds_the_topics_messages_up_to_the_runs_own_time(talk: World) -> None:
    context = await talk.run(talk.target(), node("fetch_messages"))
    assert found(context) == [2, 3, 6]
    assert not context.dry_reason


async def test_it_leaves_out_what_was_there_at_the_last_reflection(talk: World) -> None:
    last = NOW - timedelta(hours=24)
    context = talk.target(last_reflected_at=last)
    assert found(await talk.run(context, node("fetch_messages"))) == [6]
    again = talk.target(last_reflected_at=last)
    everything = node("fetch_messages", since_last_reflection=False)
    assert found(await talk.run(again, everything)) == [2, 3, 6]


@pytest.mark.parametrize(("hours", "ids"), [(23.5, [6]), (24.5, [3, 6]), (87_600, [1, 2, 3, 6])])
async def test_it_looks_back_so_many_hours(talk: World, hours: float, ids: list[int]) -> None:
    assert found(await talk.run(talk.target(), node("fetch_messages", lookback_hours=hours))) == ids


async def test_it_takes_the_newest_of_too_many(talk: World) -> None:
    assert found(await talk.run(talk.target(), node("fetch_messages", limit=1))) == [6]


async def test_bots_are_included_when_asked_for(talk: World) -> None:
    included = node("fetch_messages", include_bots=True)
    assert found(await talk.run(talk.target(), included)) == [2, 3, 4, 6]


async def test_too_few_messages_by_people_make_the_target_dry(talk: World) -> None:
    wanted = node("fetch_messages", include_bots=True, min_messages=4)
    context = await talk.run(talk.target(), wanted)
    assert context.dry_reason == "only 3 of 4 new messages by people"
    assert not found(context)
    enough = node("fetch_messages", min_messages=3)
    assert not (await talk.run(talk.target(), enough)).dry_reason
