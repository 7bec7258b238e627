"""The reference of the configuration is the model's own, and the committed one is current."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel
from tools.config_reference import TARGET, Reference, reference

from zos.config import Config

if TYPE_CHECKING:
    from tools.config_reference import Schema


def lines_of(schema: Schema, defaults: Schema | None = None) -> list[str]:
    """Every line of the tables of a schema."""
    sections = Reference(schema).sections("", schema, defaults or {})
    return [line for section in sections for line in str(section).splitlines()]


def test_the_committed_reference_is_what_dev_docs_writes() -> None:
    assert TARGET.read_text(encoding="utf-8") == reference(), "run ./dev docs"


def test_every_section_of_the_configuration_is_there_with_every_plain_key() -> None:
    text = reference()
    for name, value in Config():
        if not isinstance(value, BaseModel):
            assert f"| `{name}` |" in text
            continue
        assert f"## `{name}`" in text
        plain = [key for key, inner in value if not isinstance(inner, BaseModel | dict)]
        assert [key for key in plain if f"| `{key}` |" not in text] == []


@pytest.mark.parametrize(
    ("schema", "default", "line"),
    [
        (
            {"type": "integer", "minimum": 1, "maximum": 1_000_000, "description": "How many"},
            5,
            "| `key` | integer ≥ 1, ≤ 1,000,000 | `5` | How many |",
        ),
        ({"type": "number", "exclusiveMinimum": 0}, 0.5, "| `key` | number > 0 | `0.5` |  |"),
        ({"enum": ["a", "b"]}, "a", '| `key` | `a`, `b` | `"a"` |  |'),
        ({"const": 1}, 1, "| `key` | `1` | `1` |  |"),
        (
            {"anyOf": [{"type": "string", "writeOnly": True}, {"type": "null"}]},
            None,
            "| `key` | secret or null |  |  |",
        ),
        (
            {"type": "array", "items": {"type": "integer"}},
            [1],
            "| `key` | list of integer | `[1]` |  |",
        ),
        (
            {"type": "object", "additionalProperties": {"type": "number"}},
            {},
            "| `key` | map to number | `{}` |  |",
        ),
        (
            {"type": "string", "description": "a|b in <folder>"},
            None,
            "| `key` | string |  | a\\|b in &lt;folder&gt; |",
        ),
    ],
)
def test_a_key_shows_its_type_range_default_and_meaning(
    schema: Schema, default: object, line: str
) -> None:
    assert lines_of({"properties": {"key": schema}}, {"key": default})[-1] == line


def test_a_section_inside_a_section_has_a_table_of_its_own_with_the_dotted_key() -> None:
    inner = {"description": "Inside.", "properties": {"key": {"type": "string"}}}
    schema = {"properties": {"outer": {"$ref": "#/$defs/Inner"}}, "$defs": {"Inner": inner}}

    lines = lines_of(schema, {"outer": {"key": "x"}})

    assert "## `outer`" in lines
    assert "Inside." in lines
    assert lines[-1] == '| `key` | string | `"x"` |  |'


def test_a_map_of_sections_shows_what_one_of_them_holds() -> None:
    entry = {"properties": {"key": {"type": "string", "default": "x"}}}
    schema = {"properties": {"many": {"type": "object", "additionalProperties": entry}}}

    lines = lines_of(schema)

    assert "## `many.<name>`" in lines
    assert lines[-1] == '| `key` | string | `"x"` |  |'
