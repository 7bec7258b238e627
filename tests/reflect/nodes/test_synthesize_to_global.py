from __future__ import annotations

import pytest
from tests.fakes.model_server import Reply
from tests.prompts.made import ANA, SERVER
from tests.reflect.world import World, answer, node

from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.reflect.context import TargetContext

ANA_EVERYWHERE = TopicKey.user(ANA)
SYNTHESIS = (
    node("fetch_insights", of="members"),
    node("llm_call", prompt="synthesis/user.md.j2", profile="synthesis"),
)


@pytest.fixture
async def known(world: World) -> World:
    await world.understood(TopicKey.user(ANA, SERVER), "Ana gardens.")
    await world.understood(TopicKey.user(ANA, 2), "Ana bakes.")
    world.server.default = Reply(answer(("Ana makes things.", ["i1", "i2"])))
    return world


async def synthesized(world: World, topic: TopicKey, **parameters: object) -> TargetContext:
    last = node("synthesize_to_global", **parameters)
    return await world.run(world.target(topic), *SYNTHESIS, last)


@pytest.mark.parametrize("topic", [ANA_EVERYWHERE, TopicKey.user(ANA, SERVER)])
async def test_insights_of_servers_become_one_about_the_member_everywhere(
    known: World, topic: TopicKey
) -> None:
    context = await synthesized(known, topic)
    (draft,) = context.outcome.drafts
    assert draft.topic == ANA_EVERYWHERE
    assert draft.scope is Scope.DERIVED
    assert len(draft.lines[0].insight_ids) == 2
    assert "Ana bakes." in known.server.requests[0].text


async def test_too_few_servers_make_the_target_dry(known: World) -> None:
    context = await synthesized(known, ANA_EVERYWHERE, min_servers=3)
    assert context.dry_reason == "insights of only 2 of 3 servers"
    assert not context.outcome.drafts


async def test_it_compares_with_what_is_known_everywhere(known: World) -> None:
    await known.understood(ANA_EVERYWHERE, "Ana makes things.", hours_ago=2)
    context = await synthesized(known, ANA_EVERYWHERE)
    assert context.dry_reason.startswith("it says what insight ")


async def test_in_a_dry_run_nothing_is_drafted(known: World) -> None:
    context = known.target(ANA_EVERYWHERE, dry_run=True)
    await known.run(context, *SYNTHESIS, node("synthesize_to_global"))
    assert not context.outcome.drafts
    assert len(context.prompts) == 1
