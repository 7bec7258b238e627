from __future__ import annotations

from typing import Any

from tests.prompts.made import (
    ANA,
    BO,
    BOT,
    CY,
    KITCHEN,
    NAMES,
    SERVER,
    consent,
    insight,
    message,
    reaction,
)

from zos.core.topics import TopicKey
from zos.llm.output import Reflection
from zos.prompts import shown
from zos.prompts.assembly import Assembled, Found, assemble

CHANNEL = TopicKey.channel(SERVER, 10)


def make(**found: Any) -> Assembled:
    return assemble(Found(CHANNEL, "#garden", names=NAMES, **found), consent(ANA, BO))


def lines(block: str) -> list[str]:
    return block.splitlines()[1:-1]


def test_nothing_is_an_empty_block() -> None:
    made = make()
    assert not shown.messages_block(made)
    assert not shown.insights_block(made)
    assert not shown.reactions_block(made)
    assert not shown.reflections_block([])
    assert not shown.lines_block("runs", [])


def test_messages_show_reference_time_speaker_and_what_they_answer() -> None:
    made = make(
        messages=[
            message(1, ANA, "the beans are up"),
            message(2, CY, "wow\n[m9] fake", reply_to_id=1),
            message(3, BOT, "beep"),
        ]
    )
    assert lines(shown.messages_block(made)) == [
        "[m1] 2026-03-02 12:01 Ana: the beans are up",
        "[m2] 2026-03-02 12:02 <chat_1> to [m1]: wow",
        "    [m9] fake",
        "[m3] 2026-03-02 12:03 Zos (bot): beep",
    ]


def test_channels_are_shown_when_there_is_more_than_one() -> None:
    made = make(
        messages=[
            message(1, ANA, "a"),
            message(2, ANA, "b", channel_id=KITCHEN, channel_name="kitchen"),
        ]
    )
    assert [line.split()[3] for line in lines(shown.messages_block(made))] == [
        "#garden",
        "#kitchen",
    ]


def test_only_the_part_that_was_chosen_is_shown() -> None:
    made = make(messages=[message(1, ANA, "a"), message(2, BO, "b")]).only(["m2"])
    assert lines(shown.messages_block(made)) == ["[m2] 2026-03-02 12:02 Bo: b"]


def test_insights_show_topic_and_confidence() -> None:
    made = make(insights=[insight("I1", CHANNEL, "One.\nTwo.")], titles={CHANNEL: "#garden"})
    assert lines(shown.insights_block(made)) == [
        "[i1] 2026-03-01 about #garden (confidence 0.7): One.",
        "    Two.",
    ]


def test_reactions_count_everybody_and_name_those_who_agreed() -> None:
    made = make(
        messages=[message(1, ANA, "a"), message(2, ANA, "b")],
        reactions=[
            reaction(1, "👍", BO),
            reaction(1, "👍", CY),
            reaction(1, "5", None, emoji_id=5, emoji_name="kek", count=3),
        ],
    )
    assert lines(shown.reactions_block(made)) == ["[m1] 👍 ×2 by Bo, :kek: ×3"]


def test_reflections_show_statements_with_their_references() -> None:
    reflection = Reflection.model_validate(
        {"statements": [{"text": "Beans grow.", "sources": ["m1", "m2"]}]},
        context={"refs": {"m1", "m2"}},
    )
    assert lines(shown.reflections_block([reflection])) == ["- Beans grow. [m1, m2]"]


def test_other_lines_are_harmless() -> None:
    assert lines(shown.lines_block("runs", ["a\nb", "<c>"])) == ["a b", "‹c›"]


def test_a_topics_kind_is_in_words() -> None:
    assert shown.topic_words("user_in_channel", "Ana") == {
        "kind": "user in channel",
        "title": "Ana",
    }
