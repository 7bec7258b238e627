"""Writes the reference of the configuration from its model, so that the two cannot differ.

In: `zos.config.Config`. Out: Markdown, a table for each section: key, type and range, default, meaning.
"""

from __future__ import annotations

import html
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zos.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "reference"
TARGET = FOLDER / "configuration.md"
TITLE = """\
<!-- Made by `./dev docs` from src/zos/config. Do not edit. -->

# Configuration

Every key with its default. A key that is not in these tables is an error.
"""
HEADER = "| key | type | default | meaning |\n|---|---|---|---|\n"

BOUNDS = {
    "minimum": ("≥", ""),
    "exclusiveMinimum": (">", ""),
    "maximum": ("≤", ""),
    "exclusiveMaximum": ("<", ""),
    "minLength": ("≥", " characters"),
    "maxLength": ("≤", " characters"),
    "minItems": ("≥", " items"),
    "maxItems": ("≤", " items"),
}

Schema = dict[str, Any]


@dataclass
class Section:
    """One table: the dotted key of the section (empty at the top), its purpose and its rows."""

    key: str
    purpose: str
    rows: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        heading = f"## `{self.key}`\n\n" if self.key else ""
        table = HEADER + "\n".join(self.rows) + "\n" if self.rows else ""
        return f"{heading}{self.purpose}\n\n{table}".rstrip() + "\n"


class Reference:
    """Walks the JSON schema of a configuration and the values that it has by default."""

    def __init__(self, schema: Schema) -> None:
        self._definitions: dict[str, Schema] = schema.get("$defs", {})

    def resolve(self, schema: Schema) -> Schema:
        """Follow a reference; what the referring place says goes before."""
        name = schema.get("$ref", "").rpartition("/")[2]
        return {**self._definitions[name], **schema} if name else schema

    def sections(self, key: str, schema: Schema, defaults: Schema) -> Iterator[Section]:
        """Yield the section `key` and, after it, those inside it, in the model's order."""
        section = Section(key, schema.get("description", ""))
        inner: list[Section] = []
        for name, reference in schema["properties"].items():
            value = self.resolve(reference)
            path = f"{key}.{name}".lstrip(".")
            default = defaults.get(name, value.get("default"))
            entry = self.resolve(value.get("additionalProperties") or {})
            if "properties" in value:
                inner.extend(self.sections(path, value, default or {}))
            elif "properties" in entry:
                inner.extend(self.sections(f"{path}.<name>", entry, {}))
            else:
                section.rows.append(self.row(name, value, default))
        yield section
        yield from inner

    def row(self, name: str, schema: Schema, default: object, *, required: bool = False) -> str:
        """Return a line of the table."""
        shown = "" if default is None else f"`{json.dumps(default, ensure_ascii=False)}`"
        shown = "required" if required else shown
        meaning = html.escape(schema.get("description", ""), quote=False)
        cells = (f"`{name}`", self.kind(schema), shown, meaning)
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"

    def kind(self, reference: Schema) -> str:
        """Return the type in words, with its range."""
        schema = self.resolve(reference)
        if "anyOf" in schema:
            return " or ".join(self.kind(option) for option in schema["anyOf"])
        if "enum" in schema or "const" in schema:
            return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
        if "properties" in schema:
            return ", ".join(f"`{name}`" for name in schema["properties"])
        return f"{self._words(schema)} {bounds(schema)}".strip()

    def _words(self, schema: Schema) -> str:
        match schema.get("type"):
            case "array":
                return f"list of {self.kind(schema.get('items', {}))}"
            case "object":
                return f"map to {self.kind(schema.get('additionalProperties', {}))}"
            case "null":
                return "null"
            case kind:
                return "secret" if schema.get("writeOnly") else schema.get("format") or str(kind)


def bounds(schema: Schema) -> str:
    """Return the range of a number, a text's length or a list's in words; nothing when it has none."""
    return ", ".join(
        f"{sign} {schema[name]:,}{unit}" for name, (sign, unit) in BOUNDS.items() if name in schema
    )


def reference() -> str:
    """Return the whole document."""
    schema = Config.model_json_schema()
    defaults = Config().model_dump(mode="json")
    sections = Reference(schema).sections("", schema, defaults)
    return "\n".join([TITLE, *map(str, sections)])


def main() -> int:
    """Write the document to its place."""
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
