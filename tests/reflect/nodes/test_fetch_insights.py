from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError
from tests.prompts.made import ANA, BO, SERVER
from tests.reflect.world import CHANNEL, NOW, World, node

from zos.core.topics import TopicKey
from zos.reflect.context import TargetContext

ANA_HERE, ANA_THERE = TopicKey.user(ANA, SERVER), TopicKey.user(ANA, 2)
ANA_EVERYWHERE = TopicKey.user(ANA)


def found(context: TargetContext) -> list[str]:
    return [one.content for one in context.gathered.insights]


@pytest.fixture
async def known(world: World) -> World:
    await world.understood(CHANNEL, "old", hours_ago=24 * 400)
    await world.understood(ANA_HERE, "gardens here", hours_ago=50)
    await world.understood(ANA_THERE, "gardens there", hours_ago=40)
    await world.understood(ANA_EVERYWHERE, "gardens", hours_ago=35)
    await world.understood(CHANNEL, "slugs", hours_ago=30)
    await world.understood(CHANNEL, "beans", hours_ago=20, layer="some-layer")
    await world.understood(TopicKey.self_topic(), "I listen", hours_ago=10)
    await world.understood(CHANNEL, "later", hours_ago=-1)
    return world


async def test_it_finds_what_was_understood_about_the_topic_oldest_first(known: World) -> None:
    assert found(await known.run(known.target(), node("fetch_insights"))) == ["slugs", "beans"]


async def test_it_finds_what_servers_understood_about_a_member(known: World) -> None:
    members = node("fetch_insights", of="members")
    context = await known.run(known.target(ANA_EVERYWHERE), members)
    assert found(context) == ["gardens here", "gardens there"]


async def test_it_finds_what_other_layers_understood_but_not_about_zos(known: World) -> None:
    others = node("fetch_insights", of="others")
    everywhere = await known.run(known.target(TopicKey.self_topic()), others)
    assert found(everywhere) == ["gardens here", "gardens there", "gardens", "slugs"]
    here = await known.run(known.target(TopicKey.self_topic(SERVER)), others)
    assert found(here) == ["gardens here", "slugs"]


async def test_it_finds_what_has_words_in_common_with_the_messages(known: World) -> None:
    await known.say(1, BO, "the slugs are back")
    await known.say(2, ANA, "slugs again? there must be hundreds")
    related = node("fetch_insights", of="related")
    context = await known.run(known.target(), node("fetch_messages"), related)
    assert found(context) == ["slugs"]
    assert not found(await known.run(known.target(), related))


async def test_related_ones_are_chosen_by_a_known_profile(world: World) -> None:
    await world.understood(CHANNEL, "old slugs", hours_ago=24 * 200, importance=1.0)
    await world.understood(CHANNEL, "new slugs", hours_ago=1, importance=0.0)
    await world.say(1, BO, "slugs everywhere")

    async def best(profile: str) -> list[str]:
        related = node("fetch_insights", of="related", profile=profile, limit=1)
        return found(await world.run(world.target(), node("fetch_messages"), related))

    assert await best("recent") == ["new slugs"]
    assert await best("deep") == ["old slugs"]
    with pytest.raises(ValidationError, match="Did you mean 'balanced'"):
        node("fetch_insights", of="related", profile="balancd")


async def test_it_may_leave_out_what_was_known_at_the_last_reflection(known: World) -> None:
    fresh = node("fetch_insights", since_last_reflection=True)
    context = known.target(last_reflected_at=NOW - timedelta(hours=25))
    assert found(await known.run(context, fresh)) == ["beans"]
    again = known.target(last_reflected_at=NOW - timedelta(hours=25))
    assert found(await known.run(again, node("fetch_insights"))) == ["slugs", "beans"]


async def test_it_looks_back_so_many_hours_and_takes_the_newest(known: World) -> None:
    everything = node("fetch_insights", lookback_hours=24 * 500)
    assert found(await known.run(known.target(), everything)) == ["old", "slugs", "beans"]
    assert found(await known.run(known.target(), node("fetch_insights", limit=1))) == ["beans"]


async def test_too_few_make_the_target_dry(known: World) -> None:
    context = await known.run(known.target(), node("fetch_insights", min_insights=3))
    assert context.dry_reason == "only 2 of 3 new insights"
    assert not found(context)


async def test_an_insight_that_was_fetched_before_is_not_fetched_twice(known: World) -> None:
    fetch = node("fetch_insights")
    assert found(await known.run(known.target(), fetch, fetch)) == ["slugs", "beans"]
