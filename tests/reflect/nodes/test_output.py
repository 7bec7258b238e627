from __future__ import annotations

import pytest
from pydantic import ValidationError
from tests.fakes.model_server import Reply
from tests.prompts.made import ANA, GARDEN, SERVER
from tests.reflect.world import CHANNEL, World, answer, node

from zos.core.topics import TopicKey
from zos.reflect.context import TargetContext

LINK = f"https://discord.com/channels/{SERVER}/{GARDEN}/1"
REFLECTION = answer(
    ("They planted beans.", ["m1"]),
    ("Rain is coming.", ["m1"]),
    importance=0.6,
    open_questions=["Who waters?"],
)


@pytest.fixture
async def talk(world: World) -> World:
    await world.say(1, ANA, "beans are in the ground, rain tomorrow")
    world.server.default = Reply(REFLECTION)
    return world


async def sent(world: World, topic: TopicKey = CHANNEL, **parameters: object) -> TargetContext:
    return await world.run(
        world.target(topic),
        node("fetch_messages"),
        node("llm_call", prompt="plain.j2"),
        node("store_insight"),
        node("output", **{"destination": "log", **parameters}),
    )


def texts(context: TargetContext) -> list[object]:
    return [one.payload["text"] for one in context.outcome.outgoing]


async def test_the_drafts_become_one_text(talk: World) -> None:
    context = await sent(talk, destination="discord:123")
    (text,) = context.outcome.outgoing
    assert (text.destination, text.says) == ("discord:123", (0,))
    assert text.payload == {
        "layer": "some-layer",
        "topic": str(CHANNEL),
        "text": "#garden\n• They planted beans.\n• Rain is coming.\n? Who waters?",
        "heading": "#garden",
        "lines": [
            {"text": "• They planted beans.", "links": [LINK]},
            {"text": "• Rain is coming.", "links": [LINK]},
            {"text": "? Who waters?", "links": []},
        ],
    }


async def test_its_key_makes_a_second_delivery_recognisable(talk: World) -> None:
    context = talk.target()
    store = (
        node("fetch_messages"),
        node("llm_call", prompt="plain.j2"),
        node("store_insight"),
        node("output", destination="log"),
        node("output", destination="discord:5"),
        node("output", destination="log", name="again"),
    )
    await talk.run(context, *store)
    keys = [one.key for one in context.outcome.outgoing]
    assert len(set(keys)) == 3
    assert all(key.startswith(f"{context.brief.target_id}:") for key in keys)


async def test_its_heading_its_questions_and_its_length_are_parameters(talk: World) -> None:
    assert texts(await sent(talk, heading="Tonight", questions=False)) == [
        "Tonight\n• They planted beans.\n• Rain is coming."
    ]
    (cut,) = texts(await sent(talk, heading="x" * 80, max_characters=102))
    assert cut == "x" * 80 + "\n• They planted beans."
    talk.server.tell(Reply(answer(("y" * 200, ["m1"]))))
    (cut,) = texts(await sent(talk, heading="x", max_characters=100))
    assert cut == "x\n• " + "y" * 95 + "…"


async def test_what_rests_on_insights_is_not_sent(talk: World) -> None:
    await talk.understood(TopicKey.user(ANA, SERVER), "Ana gardens.")
    talk.server.tell(Reply(answer(("Ana gardens everywhere.", ["i1"]))))
    nodes = (
        node("fetch_insights", of="members"),
        node("llm_call", prompt="synthesis/user.md.j2", profile="synthesis"),
        node("synthesize_to_global"),
        node("output", destination="log"),
    )
    context = await talk.run(talk.target(TopicKey.user(ANA)), *nodes)
    assert [one.scope.value for one in context.outcome.drafts] == ["derived"]
    assert not texts(context)


async def test_small_insights_are_not_sent(talk: World) -> None:
    assert not texts(await sent(talk, min_importance=0.7))
    assert texts(await sent(talk, min_importance=0.6))


async def test_what_was_said_in_private_is_never_sent(talk: World) -> None:
    await talk.say(2, ANA, "a secret", channel=None)
    topic = TopicKey.user(ANA)
    talk.server.tell(Reply(answer(("Ana has a secret.", ["m2"]))))
    assert not texts(await sent(talk, topic))
    assert texts(await sent(talk, topic))


@pytest.mark.parametrize(
    "destination", ["", "file:///etc/passwd", "discord:0", "discord:abc", "http://"]
)
def test_other_destinations_are_refused(destination: str) -> None:
    with pytest.raises(ValidationError):
        node("output", destination=destination)


def test_a_webhook_is_a_destination() -> None:
    made = node("output", destination="https://example.org/hook?x=1")
    assert made.model_dump()["destination"] == "https://example.org/hook?x=1"
