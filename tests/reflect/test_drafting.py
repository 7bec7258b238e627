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
)

from zos.core.consent import ConsentView
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.insights.model import InsightDraft, InsightLine, Method, Valence
from zos.llm.output import Reflection
from zos.prompts.assembly import Assembled, Found, assemble
from zos.reflect.context import Reflected
from zos.reflect.drafting import MAX_SUBJECT_MESSAGES, draft

CHANNEL = TopicKey.channel(SERVER, 10)
TALK = [
    message(1, ANA, "I planted the runner beans on Sunday"),
    message(2, BO, "the slugs will eat all of them again"),
    message(3, BOT, "reminder: water the beans"),
]


def shown(topic: TopicKey = CHANNEL, who: ConsentView = EVERYBODY, **found: Any) -> Assembled:
    return assemble(Found(topic, "#garden", names=NAMES, **{"messages": TALK, **found}), who)


def reflected(made: Assembled, *statements: tuple[str, list[str]], **fields: Any) -> Reflected:
    data = {"statements": [{"text": text, "sources": refs} for text, refs in statements], **fields}
    return Reflected(
        Reflection.model_validate(data, context={"refs": made.material.refs}), extractive=False
    )


def drafted(
    made: Assembled, *statements: tuple[str, list[str]], **fields: Any
) -> InsightDraft | None:
    return draft(reflected(made, *statements, **fields), made, made.topic)


def sure(made: InsightDraft | None) -> InsightDraft:
    assert made is not None
    return made


def test_references_become_sources() -> None:
    made = sure(
        drafted(
            shown(),
            ("Beans were planted.", ["m1"]),
            ("Slugs are a worry.", ["m2", "m1"]),
            confidence=0.9,
            importance=0.8,
            novelty=0.7,
            strength_adjustment=2.0,
            valence={"joy": 0.5},
            open_questions=["What helps against slugs?"],
        )
    )
    assert made.lines == (
        InsightLine("Beans were planted.", (1,)),
        InsightLine("Slugs are a worry.", (2, 1)),
    )
    assert (made.confidence, made.importance, made.novelty, made.strength_adjustment) == (
        0.9,
        0.8,
        0.7,
        2.0,
    )
    assert (made.topic, made.method, made.scope) == (CHANNEL, Method.MODEL, Scope.PUBLIC)
    assert made.valence == {Valence.JOY: 0.5}
    assert made.open_questions == ("What helps against slugs?",)


def test_an_extract_has_no_feelings() -> None:
    made = shown()
    answer = Reflected(
        reflected(made, ("Beans.", ["m1"]), valence={"joy": 1}).reflection, extractive=True
    )
    found = sure(draft(answer, made, CHANNEL))
    assert found.valence is None
    assert found.method is Method.EXTRACTIVE


def test_a_statement_that_rests_on_a_bot_or_a_recalled_insight_alone_is_left_out() -> None:
    made = shown(insights=[insight("I1", CHANNEL, "They grow beans.")])
    found = sure(drafted(made, ("A.", ["m3"]), ("B.", ["i1"]), ("C.", ["m1", "m3", "i1"])))
    assert found.lines == (InsightLine("C.", (1,)),)
    assert drafted(made, ("A.", ["m3"]), ("B.", ["i1"])) is None


def test_words_of_a_member_without_consent_are_never_kept() -> None:
    made = shown(who=consent(ANA))
    found = sure(
        drafted(
            made,
            ("Somebody said: “The slugs will eat all of it.”", ["m2"]),
            ("<chat_1> fears for the beans.", ["m2"]),
            open_questions=["Will the slugs eat all of them again?", "Slugs?"],
        )
    )
    assert [line.text for line in found.lines] == ["someone fears for the beans."]
    assert found.open_questions == ("Slugs?",)


def test_words_that_somebody_with_consent_said_too_may_be_kept() -> None:
    same = "never water the beans at noon"
    made = shown(who=consent(ANA), messages=[message(1, CY, same), message(2, ANA, same)])
    for cited in (["m2"], ["m1", "m2"]):
        assert sure(drafted(made, (f"Rule: {same}.", cited))).quoted_member_ids == {ANA}


def test_who_is_quoted_and_who_is_named_is_recorded() -> None:
    found = sure(
        drafted(shown(), ("Bo: “The slugs will eat all of them”", ["m2"]), ("Beans.", ["m1"]))
    )
    assert found.quoted_member_ids == {BO}
    assert found.named_member_ids == {BO}


def test_the_scope_is_the_strictest_of_the_sources_cited() -> None:
    private = message(9, ANA, "a secret", scope=Scope.DM, server_id=None)
    made = shown(TopicKey.user(ANA), messages=[*TALK, private])
    assert sure(drafted(made, ("A.", ["m1"]))).scope is Scope.PUBLIC
    assert sure(drafted(made, ("A.", ["m1"]), ("B.", ["m4"]))).scope is Scope.DM


def test_a_subject_comes_with_the_peoples_messages_about_it() -> None:
    found = sure(drafted(shown(), ("A.", ["m2"]), subject="Beans"))
    assert (found.subject, found.subject_message_ids) == ("Beans", (1,))


def test_a_subject_that_nobody_wrote_comes_with_what_was_cited() -> None:
    found = sure(drafted(shown(), ("A.", ["m2", "m1", "m3"]), subject="gardening"))
    assert (found.subject, found.subject_message_ids) == ("gardening", (1, 2))


def test_a_subjects_messages_are_bounded() -> None:
    made = shown(messages=[message(number, ANA, "beans") for number in range(1, 400)])
    found = sure(drafted(made, ("A.", ["m1"]), subject="beans"))
    assert len(found.subject_message_ids) == MAX_SUBJECT_MESSAGES
    assert found.subject_message_ids[-1] == 399


@pytest.mark.parametrize("name", ["Ana", "bo", "CY YOUNG", "zos"])
def test_nobodys_name_becomes_a_subject(name: str) -> None:
    found = sure(drafted(shown(who=consent(ANA)), ("A.", ["m1"]), subject=name))
    assert (found.subject, found.subject_message_ids) == (None, ())


@pytest.mark.parametrize("topic", [TopicKey.user(ANA), TopicKey.subject(SERVER, "garden")])
def test_global_topics_and_subjects_name_no_subject(topic: TopicKey) -> None:
    assert sure(drafted(shown(topic), ("A.", ["m1"]), subject="beans")).subject is None


def test_an_insight_supersedes_one_about_the_same_topic_only() -> None:
    made = shown(
        insights=[insight("I1", CHANNEL, "old"), insight("I2", TopicKey.user(ANA, SERVER), "other")]
    )
    found = sure(drafted(made, ("A.", ["m1"]), supersedes="i1", conflicts_with=["i2"]))
    assert (found.supersedes, found.conflicts_with) == ("I1", ("I2",))
    assert sure(drafted(made, ("A.", ["m1"]), supersedes="i2")).supersedes is None


def test_syntheses_rest_on_insights() -> None:
    made = shown(
        TopicKey.user(ANA),
        messages=[],
        insights=[insight("I1", TopicKey.user(ANA, SERVER), "gardens")],
    )
    found = sure(drafted(made, ("Gardens.", ["i1"])))
    assert found.lines == (InsightLine("Gardens.", (), ("I1",)),)
    assert found.scope is Scope.DERIVED
