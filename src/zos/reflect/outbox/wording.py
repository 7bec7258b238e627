"""The words in an outgoing text's payload: its heading, its lines, and both as one text. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

_WORDS = ("text", "heading")


def words_of(payload: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a payload says to people."""
    yield from (payload[name] for name in _WORDS if name in payload)
    yield from (line["text"] for line in payload.get("lines", ()))


def reworded(payload: Mapping[str, Any], shown: Callable[[str], str]) -> dict[str, Any]:
    """Return the payload with all that it says to people put through `shown`."""
    new = {name: shown(text) if name in _WORDS else text for name, text in payload.items()}
    if "lines" in payload:
        new["lines"] = [{**line, "text": shown(line["text"])} for line in payload["lines"]]
    return new
