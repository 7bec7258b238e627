"""Writes the reference of layer files from their model and the nodes' own, so that they cannot differ.

In: `zos.reflect.layer.Layer` and the node types. Out: Markdown, a table for the layer and one for each
node: key, type and range, default, meaning.
"""

from __future__ import annotations

import sys
from inspect import cleandoc
from typing import TYPE_CHECKING, get_args

from tools.config_reference import FOLDER, Reference, Section

from zos.reflect.layer import Layer
from zos.reflect.node import ALL_CATEGORIES, Node
from zos.reflect.node_types import AnyNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from tools.config_reference import Schema

TARGET = FOLDER / "layers.md"
TITLE = """\
<!-- Made by `./dev docs` from src/zos/reflect. Do not edit. -->

# Layers

A layer is a YAML file in `layers/`; one of a shipped layer's name replaces it. A key that is not in these
tables is an error; `zos layer validate` says what is wrong and where.
"""
NODES = """\
## Nodes

The steps of `nodes`, each told apart by its `type`. They run in order for each topic, up to the first that
finds it has nothing (more) to do.
"""


class LayerReference(Reference):
    """A reference whose keys may be required, and whose lists may hold nodes."""

    def kind(self, reference: Schema) -> str:
        """Return the type in words, with its range."""
        return "[nodes](#nodes)" if "oneOf" in reference else super().kind(reference)

    def section(self, key: str, purpose: str, schema: Schema) -> Section:
        """Return the table of one model."""
        required = set(schema.get("required", ()))
        rows = [
            self.row(name, value, value.get("default"), required=name in required)
            for name, reference in schema["properties"].items()
            if (value := self.resolve(reference))
        ]
        return Section(key, purpose, rows)


def node_types() -> tuple[type[Node], ...]:
    """Return all node types in the order in which they are listed."""
    union, *_ = get_args(AnyNode)
    return get_args(union)


def sections() -> Iterator[str]:
    """Yield the table of a layer, and one for each node."""
    yield str(_section(Layer, "", "The keys of a layer."))
    yield NODES
    for node in node_types():
        name, *_ = get_args(node.model_fields["type"].annotation)
        yield str(_section(node, name, f"{cleandoc(node.__doc__ or '')}\n\n{place(node)}"))


def place(node: type[Node]) -> str:
    """Return in words on which topics a node can work and where in a layer it may stand."""
    if node.targets == ALL_CATEGORIES:
        topics = "all topics"
    elif len(node.targets) > len(ALL_CATEGORIES) // 2:
        topics = f"all topics but {_listed(ALL_CATEGORIES - node.targets)}"
    else:
        topics = f"topics of {_listed(node.targets)}"
    words = [f"Works on {topics}."]
    if node.gathers:
        words.append("Stands before the first node that asks a model.")
    if node.needs_reflections:
        words.append("Needs an `llm_call` before it.")
    return " ".join(words)


def reference() -> str:
    """Return the whole document."""
    return "\n".join([TITLE, *sections()])


def _section(model: type[BaseModel], key: str, purpose: str) -> Section:
    schema = model.model_json_schema()
    return LayerReference(schema).section(key, purpose, schema)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def main() -> int:
    """Write the document to its place."""
    TARGET.write_text(reference(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
