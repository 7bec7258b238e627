"""What of a text is shown where it was found by its words, with these words marked. Pure.

In: anybody's text, and the words that were looked for. Out: pieces of the text, each marked or not: they
are escaped where they are written, so that a text can mark nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os.path import commonprefix

_WORD = re.compile(r"\w+(?:['’._-]\w+)*")
_SHARED, _ENDING = 3, 4
_BEFORE = 60


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text. `is_found`: it is one of the words that were looked for."""

    text: str
    is_found: bool = False


@dataclass(frozen=True, slots=True)
class Snippet:
    """Lines of a text, each in pieces. `more`: how many lines are left out."""

    lines: tuple[tuple[Piece, ...], ...]
    more: int


def snippet(text: str, terms: Sequence[str], *, lines: int, characters: int) -> Snippet:
    """Return those lines of `text` that hold most of `terms`, in their order.

    Args:
        text: Any text.
        terms: Words as `query_terms` returns them.
        lines: So many lines, at most.
        characters: So many of each line, at most, from a little before the first word that is found.
    """
    there = [line for line in text.splitlines() if line.strip()]
    found = [list(_found_in(line, terms)) for line in there]
    by_hits = sorted(range(len(there)), key=lambda number: (-len(found[number]), number))
    shown = sorted(by_hits[:lines])
    pieces = (tuple(_pieces(there[one], found[one], characters)) for one in shown)
    return Snippet(tuple(pieces), len(there) - len(shown))


def _found_in(line: str, terms: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield where words of `terms` stand; where a line has no spaces, as in Chinese, parts of words."""
    for match in _WORD.finditer(line):
        word = match[0].replace("’", "'").lower().removesuffix("'s")
        if any(_is_alike(word, term) for term in terms):
            yield match.span()
        elif inner := next((term for term in terms if not term.isascii() and term in word), None):
            start = match.start() + word.index(inner)
            yield start, start + len(inner)


def _is_alike(word: str, term: str) -> bool:
    """Return whether two words differ in their endings alone, as the index's stemmer mostly sees it."""
    if word == term:
        return True
    shared = len(commonprefix((word, term)))  # noqa: RUF071 - words, no paths
    endings = (word[shared:], term[shared:])
    return shared >= (_SHARED + 1 if all(endings) else _SHARED) and all(
        not ending or (ending.isalpha() and len(ending) < min(shared, _ENDING))
        for ending in endings
    )


def _pieces(line: str, found: Sequence[tuple[int, int]], characters: int) -> Iterator[Piece]:
    first = found[0][0] if found else 0
    start = 0 if len(line) <= characters else max(0, min(first - _BEFORE, len(line) - characters))
    end = min(len(line), start + characters)
    if start:
        yield Piece("…")
    at = start
    for begin, stop in found:
        if begin >= start and stop <= end:
            yield Piece(line[at:begin])
            yield Piece(line[begin:stop], is_found=True)
            at = stop
    yield Piece(line[at:end] + ("…" if end < len(line) else ""))
