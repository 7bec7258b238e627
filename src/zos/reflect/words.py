"""Words, for comparing texts."""

from __future__ import annotations

import re
from collections.abc import Iterable

QUOTED_WORDS = 4
"""So many words in a row, as in a message, are a quote of it."""

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def words_of(text: str) -> list[str]:
    """Return the words of `text` in order, folded for comparison."""
    return _WORD.findall(text.casefold())


def runs_of(texts: Iterable[str]) -> set[tuple[str, ...]]:
    """Return every run of `QUOTED_WORDS` words in any of `texts`."""
    found: set[tuple[str, ...]] = set()
    for text in texts:
        words = words_of(text)
        found.update(zip(*(words[start:] for start in range(QUOTED_WORDS)), strict=False))
    return found


def alike(one: str, other: str) -> float:
    """Return the share of words that two texts have in common, 0..1 (Jaccard)."""
    mine, theirs = set(words_of(one)), set(words_of(other))
    return len(mine & theirs) / len(mine | theirs) if mine or theirs else 1.0
