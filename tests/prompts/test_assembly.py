from __future__ import annotations

from typing import Any

import pytest
from tests.prompts.made import (
    ANA,
    BO,
    BOT,
    CY,
    EVERYBODY,
    NAMES,
    SERVER,
    consent,
    insight,
    message,
    reaction,
)

from zos.core.consent import ConsentView
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.prompts.assembly import Assembled, Found, assemble

CHANNEL = TopicKey.channel(SERVER, 10)
ANA_HERE, ANA_EVERYWHERE = TopicKey.user(ANA, SERVER), TopicKey.user(ANA)
ZOS = TopicKey.self_topic()


def make(topic: TopicKey = CHANNEL, who: ConsentView = EVERYBODY, **found: Any) -> Assembled:
    return assemble(Found(topic, "the title", names=NAMES, **found), who)


def test_items_are_in_order_of_time_and_refer_to_each_other() -> None:
    made = make(
        messages=[
            message(5, ANA, "the beans are up", mention_ids=(BO,)),
            message(6, BO, "already?", reply_to_id=5, reply_to_author_id=ANA),
            message(7, CY, "and?", reply_to_id=99),
        ],
        insights=[insight("I1", CHANNEL, "They grow beans.")],
        known_subjects=("beans",),
    )
    assert [item.ref for item in made.material.items] == ["i1", "m1", "m2", "m3"]
    first, second, third = made.material.items[1:]
    assert (first.speaker, first.text, first.mentions) == ("Ana", "the beans are up", ("Bo",))
    assert (second.reply_to, third.reply_to) == ("m1", None)
    assert made.messages["m2"].id == 6
    assert made.insights["i1"].id == "I1"
    assert made.material.known_subjects == ("beans",)
    assert made.material.refs == {"i1", "m1", "m2", "m3"}


def test_without_consent_a_message_stays_but_is_anonymous_and_not_quotable() -> None:
    made = make(
        who=consent(ANA),
        messages=[message(1, BO, "I am Bo"), message(2, ANA, "hi Bo"), message(3, BOT, "beep")],
    )
    assert [(one.speaker, one.text, one.quotable) for one in made.material.items] == [
        ("<chat_1>", "I am <chat_1>", False),
        ("Ana", "hi <chat_1>", True),
        ("Zos", "beep", False),
    ]


def test_names_without_consent_are_gone_from_insights_too() -> None:
    made = make(who=consent(ANA), insights=[insight("I1", CHANNEL, "Bo likes beans.")])
    assert made.material.items[0].text == "<chat_1> likes beans."


@pytest.mark.parametrize(
    ("topic", "seen"),
    [
        (CHANNEL, False),
        (ANA_HERE, False),
        (ANA_EVERYWHERE, True),
        (TopicKey.user(BO), False),
        (TopicKey.dyad(ANA, BO), False),
        (ZOS, False),
    ],
)
def test_what_was_said_in_private_is_shown_for_its_authors_own_global_topic_alone(
    topic: TopicKey, seen: bool
) -> None:
    private = message(1, ANA, "secret", scope=Scope.DM, server_id=None)
    learnt = insight("I1", ANA_EVERYWHERE, "has a secret", scope=Scope.DM)
    made = make(topic, messages=[private], insights=[learnt])
    assert bool(made.messages) is seen
    assert bool(made.insights) is seen


def test_insights_with_a_member_without_consent_are_not_recalled() -> None:
    about = insight("I1", ANA_HERE, "Gardens.")
    quoting = insight("I2", CHANNEL, "“Hi”", member_ids=frozenset({ANA}))
    assert not make(ZOS, consent(BO), insights=[about, quoting]).insights
    assert len(make(ZOS, consent(ANA), insights=[about, quoting]).insights) == 2


def test_bots_are_no_evidence_and_neither_are_recalled_insights() -> None:
    made = make(
        messages=[message(1, ANA, "a"), message(2, BOT, "b")],
        insights=[insight("I1", CHANNEL, "c"), insight("I2", ANA_HERE, "d")],
    )
    assert made.evidence(["m1", "m2", "i1", "i2"], CHANNEL) == ((1,), ())


@pytest.mark.parametrize("topic", [ZOS, ANA_EVERYWHERE, TopicKey.self_topic(SERVER)])
def test_above_other_topics_insights_are_evidence_but_for_themselves(topic: TopicKey) -> None:
    made = make(topic, insights=[insight("I1", topic, "old"), insight("I2", ANA_HERE, "new")])
    assert made.evidence(["i1", "i2"], topic) == ((), ("I2",))


def test_the_scope_is_the_strictest_of_what_is_cited() -> None:
    made = make(
        ANA_EVERYWHERE,
        messages=[message(1, ANA, "a"), message(2, ANA, "b", scope=Scope.DM, server_id=None)],
        insights=[insight("I1", ANA_HERE, "c")],
    )
    assert made.scope(["m1"]) is Scope.PUBLIC
    assert made.scope(["m1", "i1"]) is Scope.DERIVED
    assert made.scope(["m1", "m2", "i1"]) is Scope.DM


def test_a_part_shows_less_and_its_references_mean_the_same() -> None:
    made = make(messages=[message(1, ANA, "a"), message(2, BO, "b")])
    part = made.only(["m2"])
    assert part.material.refs == {"m2"}
    assert part.messages["m2"].id == 2


def test_reactions_are_kept_by_the_message_that_is_shown() -> None:
    made = make(
        messages=[message(1, ANA, "a")], reactions=[reaction(1, "👍", BO), reaction(9, "👎", BO)]
    )
    assert {ref: len(some) for ref, some in made.reactions.items()} == {"m1": 1}
