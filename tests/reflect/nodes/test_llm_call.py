from __future__ import annotations

import json

import pytest
from sqlalchemy import select
from tests.fakes.model_server import Received, Reply
from tests.prompts.made import ANA, BO, CY
from tests.reflect.world import CHANNEL, World, answer, node

from zos.core.errors import ModelOutputError, PromptError
from zos.db.tables import model_call
from zos.reflect.context import TargetContext

FETCH = node("fetch_messages")
OK = Reply(answer(("They garden.", ["m1"])))


@pytest.fixture
async def talk(world: World) -> World:
    await world.say(1, ANA, "the beans are up")
    await world.say(2, CY, "wow", reply_to=(1, ANA))
    return world


def statements(context: TargetContext) -> list[str]:
    return [one.text for some in context.reflections for one in some.reflection.statements]


async def test_a_model_is_asked_about_what_was_gathered(talk: World) -> None:
    talk.server.tell(OK)
    context = await talk.run(talk.target(), FETCH, node("llm_call", prompt="plain.j2"))
    assert statements(context) == ["They garden."]
    assert not context.reflections[0].extractive
    assert not context.dry_reason
    sent = talk.server.requests[0].text
    assert "Ana: the beans are up" in sent
    assert "<chat_1> to [m1]: wow" in sent
    assert "You are Zos" in sent


async def test_the_system_prompt_holds_the_self_concept_and_is_the_same_for_all_topics(
    talk: World,
) -> None:
    await talk.say(3, BO, "other words entirely")
    (talk.prompts / "rules.j2").write_text("RULES {{ self_concept }} END")
    talk.tools.templates.library.reload()
    talk.server.tell(OK, OK)
    call = node("llm_call", prompt="plain.j2", system="rules.j2")
    concept = "I am a gardener."
    await talk.run(talk.target(self_concept=concept), FETCH, call)
    await talk.run(talk.target(self_concept=concept), node("fetch_messages", limit=1), call)
    systems = [_system(one) for one in talk.server.requests]
    assert systems[0] == systems[1]
    assert "I am a gardener." in systems[0]
    assert systems[0].startswith("RULES ")


def _system(request: Received) -> str:
    return str(next(one["content"] for one in request.body["messages"] if one["role"] == "system"))


async def test_its_parameters_reach_the_model_and_the_record(talk: World) -> None:
    talk.server.tell(OK)
    call = node(
        "llm_call",
        prompt="plain.j2",
        name="think",
        profile="strong",
        temperature=0.3,
        max_tokens=321,
    )
    context = await talk.run(talk.target(goal="find beans"), FETCH, call)
    sent = talk.server.requests[0]
    assert (sent.model, sent.temperature, sent.max_tokens) == ("gpt-4o", 0.3, 321)
    async with talk.database.read() as connection:
        row = (await connection.execute(select(model_call))).one()
    brief = context.brief
    assert (row.layer, row.node, row.profile) == ("some-layer", "think", "strong")
    assert (row.run_id, row.target_id, row.server_id) == (brief.run_id, brief.target_id, 1)


async def test_a_missing_profile_means_the_default_one(talk: World) -> None:
    talk.server.tell(OK)
    await talk.run(talk.target(), FETCH, node("llm_call", prompt="plain.j2", profile="nothing"))
    assert talk.server.requests[0].model == "gpt-4o-mini"


async def test_a_prompt_may_use_everything_that_was_gathered(talk: World) -> None:
    await talk.react(1, "🌱", BO)
    await talk.understood(CHANNEL, "They like beans.")
    await talk.ran("channels", talk.target().brief.now)
    (talk.prompts / "all.j2").write_text(
        "{{ layer.name }}|{{ layer.goal }}|{{ topic.kind }}|{{ topic.title }}|{{ now }}|"
        "{{ messages }}|{{ insights }}|{{ reactions }}|{{ runs }}|{{ reflections }}|{{ self_concept }}|{{ subjects }}"
    )
    talk.tools.templates.library.reload()
    talk.server.tell(OK)
    fetches = [node(f"fetch_{one}") for one in ("messages", "reactions", "insights", "layer_runs")]
    context = talk.target(goal="Find beans, and\nmore.")
    await talk.run(context, *fetches, node("llm_call", prompt="all.j2"))
    sent = json.dumps(talk.server.requests[0].body, ensure_ascii=False)
    assert r"some-layer|Find beans, and\nmore.|channel|#garden|2026-03-02 12:00 UTC|" in sent
    for words in ("🌱 ×1 by Bo", "They like beans.", "channels: success, 0 insights from 0 topics"):
        assert words in sent


async def test_the_answers_of_the_first_question_stand_in_the_second(talk: World) -> None:
    (talk.prompts / "second.j2").write_text("{{ reflections }}")
    talk.tools.templates.library.reload()
    talk.server.tell(OK, OK)
    second = node("llm_call", prompt="second.j2", name="second")
    context = await talk.run(talk.target(), FETCH, node("llm_call", prompt="plain.j2"), second)
    assert "- They garden. [m1]" in talk.server.requests[1].text
    assert len(context.reflections) == 2


async def test_nothing_to_say_makes_the_target_dry(talk: World) -> None:
    talk.server.tell(Reply(answer()))
    context = await talk.run(talk.target(), FETCH, node("llm_call", prompt="plain.j2"))
    assert context.dry_reason
    assert not context.reflections


async def test_nothing_to_show_makes_the_target_dry_and_asks_nobody(talk: World) -> None:
    call = node("llm_call", prompt="plain.j2")
    context = await talk.run(talk.target(), node("fetch_insights"), call)
    assert context.dry_reason == "nothing of what was found may be shown"
    assert not talk.server.requests


async def test_the_offline_digest_answers_with_extracts_of_any_length_at_once(talk: World) -> None:
    for number in range(3, 60):
        text = f"so many beans in bed {number}, and {number} slugs on the beans of that bed"
        await talk.say(number, BO if number % 2 else ANA, text)
    call = node("llm_call", prompt="plain.j2", profile="offline", max_input_tokens=500)
    context = await talk.run(talk.target(), FETCH, call)
    (reflected,) = context.reflections
    assert reflected.extractive
    assert not talk.server.requests


async def test_long_material_is_asked_about_in_parts_that_cover_it(world: World) -> None:
    for number in range(1, 41):
        await world.say(number, ANA, f"message {number} " + "word " * 40, hours_ago=50 - number)
    await world.understood(CHANNEL, "They talk a lot.")
    world.server.default = Reply(answer())
    call = node("llm_call", prompt="plain.j2", max_input_tokens=1_000)
    context = await world.run(world.target(), FETCH, node("fetch_insights"), call)
    seen = [request.text for request in world.server.requests]
    assert len(seen) == 4
    for number in range(1, 41):
        assert sum(f"message {number} " in text for text in seen) == 1
    assert all("They talk a lot." in text for text in seen)
    assert context.dry_reason


async def test_one_part_with_something_to_say_is_enough(world: World) -> None:
    for number in range(1, 11):
        await world.say(number, ANA, f"message {number} " + "word " * 100)
    world.server.tell(Reply(answer()), Reply(answer(("So.", ["m10"]))))
    world.server.default = Reply(answer())
    call = node("llm_call", prompt="plain.j2", max_input_tokens=900)
    context = await world.run(world.target(), FETCH, call)
    assert statements(context) == ["So."]
    assert not context.dry_reason


async def test_a_part_may_cite_only_what_it_was_shown(world: World) -> None:
    for number in range(1, 11):
        await world.say(number, ANA, f"message {number} " + "word " * 100)
    world.server.default = Reply(answer(("So.", ["m10"])))
    call = node("llm_call", prompt="plain.j2", max_input_tokens=900)
    with pytest.raises(ModelOutputError):
        await world.run(world.target(), FETCH, call)


async def test_in_a_dry_run_the_prompt_is_kept_and_nobody_is_asked(talk: World) -> None:
    context = talk.target(dry_run=True)
    await talk.run(context, FETCH, node("llm_call", prompt="plain.j2", name="think", max_tokens=50))
    assert not talk.server.requests
    assert not context.dry_reason
    (prompt,) = context.prompts
    assert (prompt.node, prompt.profile, prompt.estimated_cost_usd) == ("think", "reflection", 0.0)
    assert "the beans are up" in prompt.text
    assert "You are Zos" in prompt.system
    assert prompt.estimated_tokens > 50


async def test_a_prompt_that_cannot_be_rendered_is_an_error(talk: World) -> None:
    with pytest.raises(PromptError, match="there is no prompt"):
        await talk.run(talk.target(), FETCH, node("llm_call", prompt="nothing.j2"))
