"""Finding a server's known subjects in a text."""

from __future__ import annotations

from collections.abc import Set as AbstractSet


def subjects_in(text: str, names: AbstractSet[str]) -> tuple[str, ...]:
    """Return which of `names` (canonical subject names) `text` names, in the text's order, each once."""
    raise NotImplementedError
