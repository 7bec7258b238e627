"""Layers for tests of the scheduler."""

from __future__ import annotations

from typing import Any

from zos.reflect.layer import Layer

LAYER = """\
name: {name}
category: channel
{more}
nodes:
  - type: fetch_messages
  - type: llm_call
    prompt: reflect/channel.md.j2
  - type: store_insight
"""
"""The text of such a layer, to be filled in with its `name` and `more` keys."""

NODES: list[dict[str, Any]] = [
    {"type": "fetch_messages"},
    {"type": "llm_call", "prompt": "reflect/channel.md.j2"},
    {"type": "store_insight"},
]


def definition(
    name: str = "nightly", schedule: str | None = "0 3 * * *", **fields: Any
) -> dict[str, Any]:
    """What a layer's file says: it reflects on channels, every night at three unless told otherwise."""
    said = {"name": name, "category": "channel", "schedule": schedule, "nodes": NODES} | fields
    return {key: value for key, value in said.items() if value is not None}


def layer(name: str = "nightly", schedule: str | None = "0 3 * * *", **fields: Any) -> Layer:
    """Build a layer."""
    return Layer.model_validate(definition(name, schedule, **fields))


def in_force(*layers: Layer) -> dict[str, Layer]:
    """Return layers by name, as a loader does."""
    return {one.name: one for one in layers}
