from __future__ import annotations

import pytest
from tests.fakes.model_server import Reply
from tests.prompts.made import SERVER
from tests.reflect.world import CHANNEL, NOW, World, node

from zos.core.topics import TopicKey
from zos.reflect.context import TargetContext
from zos.reflect.self_concept.store import Origin

ZOS = TopicKey.self_topic()
NEW = Reply({"content": " I listen better. ", "reason": "Slugs."})


@pytest.fixture
async def known(world: World) -> World:
    await world.understood(CHANNEL, "They fight slugs.")
    return world


async def revised(world: World, topic: TopicKey = ZOS, **parameters: object) -> TargetContext:
    fetch = node("fetch_insights", of="others")
    return await world.run(world.target(topic), fetch, node("update_self_concept", **parameters))


async def test_a_new_text_is_put_into_the_outcome(known: World) -> None:
    known.server.tell(NEW)
    context = await revised(known)
    assert context.outcome.self_concept is not None
    assert context.outcome.self_concept.content == "I listen better."
    assert "They fight slugs." in known.server.requests[0].text


@pytest.mark.parametrize("content", ["", "  ", "I am as I was."])
async def test_an_empty_or_unchanged_text_leaves_it_as_it_is(known: World, content: str) -> None:
    await known.tools.self_concept.put("I am as I was.", at=NOW, origin=Origin.SHIPPED)
    known.server.tell(Reply({"content": content, "reason": ""}))
    context = await revised(known)
    assert context.outcome.self_concept is None
    assert not context.dry_reason


async def test_the_offline_digest_leaves_it_as_it_is(known: World) -> None:
    context = await revised(known, profile="offline")
    assert context.outcome.self_concept is None
    assert not context.dry_reason


async def test_only_the_global_self_topic_has_a_self_concept(known: World) -> None:
    context = await revised(known, TopicKey.self_topic(SERVER))
    assert context.outcome.self_concept is None
    assert not known.server.requests


async def test_too_few_insights_leave_it_as_it_is(known: World) -> None:
    context = await revised(known, min_insights=2)
    assert context.outcome.self_concept is None
    assert not known.server.requests


async def test_its_parameters_reach_the_model(known: World) -> None:
    known.server.tell(NEW)
    (known.prompts / "mine.j2").write_text("REVISE {{ insights }}")
    known.tools.templates.library.reload()
    await revised(known, prompt="mine.j2", profile="strong", temperature=0.2, max_tokens=333)
    sent = known.server.requests[0]
    assert (sent.model, sent.temperature, sent.max_tokens) == ("gpt-4o", 0.2, 333)
    assert "REVISE " in sent.text
