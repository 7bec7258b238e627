"""The reference of layer files is the models' own, and the committed one is current."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import BaseModel
from tools.layer_reference import TARGET, node_types, place, reference

from zos.reflect.layer import Layer
from zos.reflect.node import Node
from zos.reflect.nodes.fetch_messages import FetchMessages
from zos.reflect.nodes.reduce import Reduce
from zos.reflect.nodes.synthesize_to_global import SynthesizeToGlobal

TEXT = reference()


def test_the_committed_reference_is_what_dev_docs_writes() -> None:
    assert TARGET.read_text(encoding="utf-8") == TEXT, "run ./dev docs"


def test_every_key_of_a_layer_and_of_every_node_is_there_with_its_meaning() -> None:
    top, *tables = TEXT.split("\n## `")
    by_type = {table.partition("`")[0]: table for table in tables}
    models = {get_args(one.model_fields["type"].annotation)[0]: one for one in node_types()}
    assert by_type.keys() == models.keys()
    told: list[tuple[str, type[BaseModel]]] = [(top, Layer)]
    told += [(by_type[name], node) for name, node in models.items()]
    for table, model in told:
        assert [key for key in model.model_fields if f"| `{key}` |" not in table] == []
        keys = model.model_fields.items()
        assert [key for key, one in keys if key != "type" and not one.description] == []


@pytest.mark.parametrize(
    "line",
    [
        "| `max_targets` | integer ≥ 1, ≤ 10,000 | `20` | Topics of one run, at most |",
        "| `nodes` | list of [nodes](#nodes) ≤ 20 items | required | Its steps, in order |",
        '| `description` | string ≤ 600 characters | `""` | For people: what it does |',
    ],
)
def test_a_line_says_type_range_default_and_effect(line: str) -> None:
    assert line in TEXT.splitlines()


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (FetchMessages, "all topics but `self`. Stands before the first node that asks a model."),
        (Reduce, "all topics. Needs an `llm_call` before it."),
        (SynthesizeToGlobal, "topics of `dyad`, `"),
    ],
)
def test_a_node_says_where_it_may_stand(node: type[Node], words: str) -> None:
    assert place(node).startswith(f"Works on {words}")
