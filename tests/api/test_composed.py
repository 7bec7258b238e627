"""Examples that are made of others."""

from __future__ import annotations

from typing import Any

import pytest

from zos.api.composed import compose

PARTS = {"title": "#allotment"}
ITEM: dict[str, Any] = {"type": "object", "properties": {}, "examples": [{"id": "1"}]}
TO_ITEM = {"$ref": "#/components/schemas/Item"}


@pytest.mark.parametrize(
    ("part", "made"),
    [
        (TO_ITEM, {"id": "1"}),
        ({"type": "array", "items": TO_ITEM}, [{"id": "1"}]),
        ({"enum": ["a", "b"]}, "a"),
        ({"type": "string", "const": "ok"}, "ok"),
        ({"type": "integer", "default": 7}, 7),
        ({"type": "string"}, "#allotment"),
        ({"type": "string", "format": "date"}, "2026-11-23"),
        (
            {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "2026-11-23T03:00:00Z",
        ),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, {}),
        ({"type": "boolean"}, True),
    ],
)
def test_a_part_is_what_its_schema_says(part: dict[str, Any], made: object) -> None:
    whole: dict[str, Any] = {"type": "object", "properties": {"title": part}}
    compose({"Whole": whole, "Item": dict(ITEM)}, PARTS)
    assert whole["examples"] == [{"title": made}]


def test_what_has_a_part_that_nobody_knows_has_no_example() -> None:
    unknown: dict[str, Any] = {"type": "object", "properties": {"mood": {"type": "string"}}}
    listed: dict[str, Any] = {
        "type": "object",
        "properties": {"moods": {"type": "array", "items": {"type": "string"}}},
    }
    compose({"Unknown": unknown, "Listed": listed}, PARTS)
    assert "examples" not in unknown
    assert "examples" not in listed


def test_an_example_that_is_there_stays() -> None:
    schemas: dict[str, dict[str, Any]] = {"Item": dict(ITEM), "Kind": {"enum": ["a"]}}
    compose(schemas, PARTS)
    assert schemas == {"Item": ITEM, "Kind": {"enum": ["a"]}}
