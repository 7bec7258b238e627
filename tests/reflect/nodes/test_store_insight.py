from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.model_server import Reply
from tests.prompts.made import ANA, BOT
from tests.reflect.world import CHANNEL, World, answer, node

from zos.reflect.context import TargetContext

TEXT = "They planted beans and peas on Sunday."


@pytest.fixture
async def talk(world: World) -> World:
    await world.say(1, ANA, "beans and peas are in the ground")
    await world.say(2, BOT, "beep")
    return world


async def reflected(world: World, ref: str = "m1", **fields: Any) -> TargetContext:
    world.server.tell(Reply(answer((TEXT, [ref]), **fields)))
    fetch = node("fetch_messages", include_bots=True)
    return await world.run(world.target(), fetch, node("llm_call", prompt="plain.j2"))


def drafts(context: TargetContext) -> list[str]:
    return [one.content for one in context.outcome.drafts]


async def test_a_reflection_becomes_a_draft_about_the_topic(talk: World) -> None:
    context = await talk.run(await reflected(talk), node("store_insight"))
    assert drafts(context) == [TEXT]
    assert context.outcome.drafts[0].topic == CHANNEL
    assert not context.dry_reason


async def test_without_evidence_the_target_is_dry(talk: World) -> None:
    context = await talk.run(await reflected(talk, "m2"), node("store_insight"))
    assert context.dry_reason == "no statement rests on anything that may be used"
    assert not drafts(context)


@pytest.mark.parametrize("what", ["confidence", "importance"])
async def test_what_is_too_unsure_or_too_small_is_left(talk: World, what: str) -> None:
    low: dict[str, Any] = {what: 0.4}
    context = await reflected(talk, **low)
    await talk.run(context, node("store_insight", **{f"min_{what}": 0.5}))
    assert context.dry_reason == f"{what} 0.40 is below 0.50"
    enough: dict[str, Any] = {what: 0.5}
    kept = await reflected(talk, **enough)
    assert drafts(await talk.run(kept, node("store_insight", **{f"min_{what}": 0.5})))


@pytest.fixture
async def repeated(talk: World) -> World:
    await talk.understood(CHANNEL, "They planted beans and peas on Monday.", hours_ago=30)
    return talk


async def test_what_was_said_before_is_dropped(repeated: World) -> None:
    context = await repeated.run(
        await reflected(repeated), node("store_insight", similar_above=0.7)
    )
    assert not drafts(context)
    assert context.dry_reason.startswith("it says what insight ")


async def test_it_may_supersede_what_was_said_before(repeated: World) -> None:
    keep = node("store_insight", similar_above=0.7, on_similar="supersede")
    context = await repeated.run(await reflected(repeated), keep)
    (old,) = await repeated.tools.insights.recent(CHANNEL, until=context.brief.now, limit=9)
    assert context.outcome.drafts[0].supersedes == old.id


async def test_it_may_be_kept_beside_what_was_said_before(repeated: World) -> None:
    keep = node("store_insight", similar_above=0.7, on_similar="keep")
    context = await repeated.run(await reflected(repeated), keep)
    assert context.outcome.drafts[0].supersedes is None


async def test_how_much_alike_counts_is_a_parameter(repeated: World) -> None:
    context = await repeated.run(
        await reflected(repeated), node("store_insight", similar_above=0.9)
    )
    assert drafts(context) == [TEXT]


async def test_only_so_many_of_the_newest_are_compared(repeated: World) -> None:
    await repeated.understood(CHANNEL, "Something else altogether.", hours_ago=20)
    compared = node("store_insight", similar_above=0.7, compare_with=1)
    assert drafts(await repeated.run(await reflected(repeated), compared)) == [TEXT]


async def test_in_a_dry_run_nothing_is_drafted(talk: World) -> None:
    context = talk.target(dry_run=True)
    await talk.run(
        context, node("fetch_messages"), node("llm_call", prompt="plain.j2"), node("store_insight")
    )
    assert not drafts(context)
    assert not context.dry_reason
