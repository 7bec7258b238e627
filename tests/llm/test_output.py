from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from tests.llm.conftest import reflection

from zos.llm.output import Reflection

SHOWN = {"refs": frozenset({"m1", "m2", "i1"})}


def filled(**fields: Any) -> Reflection:
    return Reflection.model_validate({**reflection("m1"), **fields}, context=SHOWN)


def test_a_statement_is_one_line_and_cites_each_source_once() -> None:
    statement = {"text": "They\n grow\tbeans.", "sources": ["m1", "m2", "m1"]}
    (found,) = filled(statements=[statement]).statements
    assert found.text == "They grow beans."
    assert found.sources == ["m1", "m2"]


def test_what_is_shown_may_be_superseded_and_contradicted() -> None:
    found = filled(supersedes="i1", conflicts_with=["i1"])
    assert (found.supersedes, found.conflicts_with) == ("i1", ["i1"])
    assert filled().supersedes is None


WRONG: list[dict[str, Any]] = [
    {"supersedes": "i9"},
    {"supersedes": "m1"},
    {"conflicts_with": ["i1", "i9"]},
    {"confidence": -0.1},
    {"importance": 1.1},
    {"novelty": "high"},
    {"strength_adjustment": 0.05},
    {"strength_adjustment": 11},
    {"valence": {"joy": 2}},
    {"valence": {"pride": 0.5}},
    {"subject": "x" * 61},
    {"open_questions": ["?"] * 11},
    {"statements": [{"text": "", "sources": ["m1"]}]},
    {"statements": [{"text": "x" * 601, "sources": ["m1"]}]},
    {"statements": [{"text": "So.", "sources": ["m3"]}]},
]


@pytest.mark.parametrize("fields", WRONG, ids=str)
def test_what_is_out_of_range_or_was_not_shown_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        filled(**fields)


def test_without_its_material_no_source_is_known() -> None:
    with pytest.raises(ValidationError, match="unknown source references: m1"):
        Reflection.model_validate(reflection("m1"))
