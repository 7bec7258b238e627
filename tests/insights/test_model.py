"""What an insight must be before it can be stored."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zos.core.errors import InsightError
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.insights.model import InsightDraft, InsightLine, MemberRole, Method, Valence

DRAFT = InsightDraft(
    topic=TopicKey.dyad(3, 2, 1),
    lines=(InsightLine("they trade recipes", (11,)), InsightLine("mostly bread", (), ("x",))),
    method=Method.MODEL,
    confidence=0.0,
    importance=1.0,
    novelty=0.5,
    scope=Scope.PUBLIC,
    valence={Valence.JOY: 1.0},
    named_member_ids=frozenset({2}),
    quoted_member_ids=frozenset({4}),
)


def test_the_content_is_its_statements_one_a_line() -> None:
    assert DRAFT.content == "they trade recipes\nmostly bread"


def test_everybody_in_it_has_a_role() -> None:
    about, named, quoted = MemberRole.ABOUT, MemberRole.NAMED, MemberRole.QUOTED
    assert DRAFT.members == {(2, about), (3, about), (2, named), (4, quoted)}


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (InsightLine("", (1,)),),
        (InsightLine("  ", (1,)),),
        (InsightLine("two\nlines", (1,)),),
        (InsightLine("rests on nothing"),),
        (*DRAFT.lines, InsightLine("rests on nothing")),
    ],
)
def test_a_statement_is_one_line_of_text_with_a_source(lines: tuple[InsightLine, ...]) -> None:
    with pytest.raises(InsightError):
        replace(DRAFT, lines=lines)


@pytest.mark.parametrize(
    "part",
    [
        {"confidence": 1.01},
        {"importance": -0.01},
        {"novelty": float("nan")},
        {"valence": {Valence.AWE: 2.0}},
    ],
)
def test_its_numbers_are_between_0_and_1(part: dict[str, float]) -> None:
    with pytest.raises(InsightError, match="between 0 and 1"):
        replace(DRAFT, **part)  # type: ignore[arg-type]
