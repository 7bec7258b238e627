"""Layers for tests of the scheduler."""

from __future__ import annotations

from typing import Any

from zos.reflect.layer import Layer

NODES: list[dict[str, Any]] = [
    {"type": "fetch_messages"},
    {"type": "llm_call", "prompt": "channel/reflect.j2"},
    {"type": "store_insight"},
]


def layer(name: str = "nightly", schedule: str | None = "0 3 * * *", **fields: Any) -> Layer:
    """Build a layer that reflects on channels, every night at three unless told otherwise."""
    return Layer.model_validate(
        {"name": name, "category": "channel", "schedule": schedule, "nodes": NODES} | fields
    )


def in_force(*layers: Layer) -> dict[str, Layer]:
    """Return layers by name, as a loader does."""
    return {one.name: one for one in layers}
