from __future__ import annotations

import pytest
from tests.fakes.model_server import Reply
from tests.prompts.made import ANA
from tests.reflect.world import World, answer, node

from zos.core.errors import ModelOutputError
from zos.reflect.context import TargetContext

PARTS = node("llm_call", prompt="plain.j2", max_input_tokens=500)


@pytest.fixture
async def long(world: World) -> World:
    for number in (1, 2, 3):
        await world.say(number, ANA, f"message {number} " + "word " * 300, hours_ago=9 - number)
    return world


async def in_parts(world: World, *statements: str) -> TargetContext:
    world.server.tell(
        *(Reply(answer((text, [f"m{number}"]))) for number, text in enumerate(statements, 1))
    )
    world.server.tell(*(Reply(answer()) for _ in range(3 - len(statements))))
    return await world.run(world.target(), node("fetch_messages"), PARTS)


def statements(context: TargetContext) -> list[str]:
    return [one.text for some in context.reflections for one in some.reflection.statements]


async def test_reflections_on_parts_become_one(long: World) -> None:
    context = await in_parts(long, "One.", "Two.")
    long.server.tell(Reply(answer(("Both.", ["m1", "m2"]))))
    await long.run(context, node("reduce"))
    assert statements(context) == ["Both."]
    sent = long.server.requests[-1].text
    assert "- One. [m1]" in sent
    assert "- Two. [m2]" in sent
    assert "message 2" in sent
    assert "message 3" not in sent


async def test_only_what_the_parts_cited_may_be_cited(long: World) -> None:
    context = await in_parts(long, "One.", "Two.")
    long.server.default = Reply(answer(("Three.", ["m3"])))
    with pytest.raises(ModelOutputError):
        await long.run(context, node("reduce"))


async def test_a_single_reflection_stays_as_it_is(long: World) -> None:
    context = await in_parts(long, "One.")
    asked = len(long.server.requests)
    await long.run(context, node("reduce"))
    assert statements(context) == ["One."]
    assert len(long.server.requests) == asked


async def test_without_an_answer_the_parts_stay(long: World) -> None:
    context = await in_parts(long, "One.", "Two.")
    long.server.tell(Reply(answer()))
    await long.run(context, node("reduce"))
    assert statements(context) == ["One.", "Two."]
    assert not context.dry_reason


async def test_its_parameters_reach_the_model(long: World) -> None:
    context = await in_parts(long, "One.", "Two.")
    long.server.tell(Reply(answer(("Both.", ["m1"]))))
    (long.prompts / "mine.j2").write_text("MERGE {{ reflections }}")
    long.tools.templates.library.reload()
    await long.run(
        context,
        node("reduce", prompt="mine.j2", profile="strong", temperature=0.1, max_tokens=222),
    )
    sent = long.server.requests[-1]
    assert (sent.model, sent.temperature, sent.max_tokens) == ("gpt-4o", 0.1, 222)
    assert "MERGE " in sent.text
