"""Names of people in texts of others: a name is its words, compared without regard to case, accents and letter forms.

In: names and texts. Out: the words of both, and where in a text a name stands. Pure. A word is letters
and digits: `_` parts words, and characters that nobody sees are no part of one. Scripts that are
written without spaces between words (Chinese, Japanese, Korean with its endings, Thai and its
neighbours) count every character as a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, groupby, pairwise
from typing import NamedTuple

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\uff66-\uff9f\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, Han
    "\uac00-\ud7af"  # Hangul
)
# Accents, points and vowel signs, which `\w` leaves out.
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
# What nobody sees: joiners, marks of direction, soft hyphens, fillers, variants of characters.
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u3164\uffa0\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0001-\U000e007f\U000e0100-\U000e01ef"
)
_LETTER = rf"[^\W_{_UNSPACED}]"
_WORD = re.compile(rf"[{_UNSPACED}]|{_LETTER}+(?:[{_MARKS}{_UNSEEN}]+{_LETTER}*)*")
_NOT_SEEN = re.compile(rf"[{_UNSEEN}]+")
_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
_PARTED = re.compile(r"[|•·~]")
_IN_USERNAMES = "_.\\"  # beside letters and digits, as often as one likes; a text may escape them
_MAX_USERNAME = 64  # characters, each escaped
_MAX_GAP = 2
_MAX_MARKS = 8  # emoji, dashes and the like; none that part sentences
_PART_SENTENCES = frozenset(".,;:!?…\n")
_FIRST_ACCENT = 10  # combining classes below it are signs that tell letters apart, as the virama
_MAX_LOOKED_UP = 64  # characters; an index does not take any length


@dataclass(frozen=True, slots=True)
class KnownMember:
    """A member as far as names go.

    Attributes:
        names: Their name on Discord, what they call themselves everywhere, and last what they are
            shown under; without those that mean a place where they stand.
    """

    names: tuple[str, ...]
    is_bot: bool


class Standing(NamedTuple):
    """A name that stands in a text from `start` up to `end`. `mentioned`: with an `@`, which belongs to it."""

    words: tuple[str, ...]
    start: int
    end: int
    mentioned: bool


def words_of_name(name: str) -> tuple[str, ...]:
    """Return the words of a name; none for one without letters and digits, such as emoji.

    What people write beside it is no part of it: `Rosie (she/her)`, `[MOD] Rosie`, `Rosie | UTC+2`.
    """
    return _words_of(name) if len(name) <= _MAX_LOOKED_UP else _words_of.__wrapped__(name)


@lru_cache(maxsize=50_000)
def _words_of(name: str) -> tuple[str, ...]:
    bare = _IN_BRACKETS.sub(" ", name)
    parts = (_WORD.findall(part) for part in (*_PARTED.split(bare), name))
    return tuple(map(_folded, next(filter(None, parts), [])))


def without_unseen(text: str) -> str:
    """Return `text` without the characters that nobody sees."""
    return _NOT_SEEN.sub("", text)


def telling_word(name: str) -> str | None:
    """Return the word by which a name is looked up, its longest, or None for a name without words."""
    longest = max(words_of_name(name), key=len, default=None)
    return None if longest is None else longest[:_MAX_LOOKED_UP]


def words_looked_up(name: str) -> set[str]:
    """Return the words of a name as `words_in` has those of texts."""
    return {word[:_MAX_LOOKED_UP] for word in words_of_name(name)}


def words_in(texts: Iterable[str]) -> set[str]:
    """Return all words of `texts`, as names are looked up by."""
    return {_folded(word)[:_MAX_LOOKED_UP] for text in texts for word in set(_WORD.findall(text))}


class NameFinder:
    """Finds names in texts, in time that grows with the text and hardly with the names.

    Args:
        names: The words of names; see `words_of_name`.
    """

    def __init__(self, names: Iterable[tuple[str, ...]]) -> None:
        self._names = {*names} - {()}
        lengths: defaultdict[str, set[int]] = defaultdict(set)
        for words in self._names:
            lengths[words[0]].add(len(words))
        self._lengths = {first: sorted(some, reverse=True) for first, some in lengths.items()}

    def find(self, text: str) -> Iterator[Standing]:
        """Yield where names stand in `text`, the longer of two; no two overlap."""
        if not self._names:
            return
        found = list(_WORD.finditer(text))
        words = [_folded(one[0]) for one in found]
        position = 0
        while position < len(words):
            name = self._name_at(text, found, words, position)
            if name is None:
                position += 1
                continue
            start = found[position].start()
            mark = _mark_before(text, start)
            position += len(name)
            yield Standing(
                name, start if mark is None else mark, found[position - 1].end(), mark is not None
            )

    def _name_at(
        self, text: str, found: list[re.Match[str]], words: list[str], position: int
    ) -> tuple[str, ...] | None:
        for length in self._lengths.get(words[position], ()):
            end = position + length
            name = tuple(words[position:end])
            if name in self._names and _is_together(text, found[position:end]):
                return name
        return None


def _is_together(text: str, found: list[re.Match[str]]) -> bool:
    """Return whether nothing but a space or a mark stands between words, or what parts those of a username."""
    gaps = (text[one.end() : other.start()] for one, other in pairwise(found))
    return all(_is_small(gap) for gap in gaps)


def _is_small(gap: str) -> bool:
    counted = gap.replace("_", "").replace("\\", "")
    if len(counted) <= _MAX_GAP or not counted.strip(_IN_USERNAMES):
        return "\n" not in gap
    return len(counted) <= _MAX_MARKS and _PART_SENTENCES.isdisjoint(counted)


def _mark_before(text: str, start: int) -> int | None:
    """Return where the `@` of a mention stands whose first word starts at `start`, or None for no mention."""
    first = max(0, start - 1 - _MAX_USERNAME)
    led = text[first:start].rstrip(_IN_USERNAMES)
    return first + len(led) - 1 if led.endswith("@") else None


def _folded(word: str) -> str:
    """Return `word` as it is compared. Long ones are no names that come again: none is kept for them."""
    return _fold(word) if len(word) <= _MAX_LOOKED_UP else _fold.__wrapped__(word)


@lru_cache(maxsize=50_000)
def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    folded = _decomposed(_decomposed(without_unseen(word)).casefold())
    bare = "".join(char for char in folded if not _is_accent(char))
    return unicodedata.normalize("NFKC", bare) or word


def _decomposed(text: str) -> str:
    """Return the NFKD of `text`. The library's own takes time by the square of how many marks stand in a row."""
    if len(text) <= _MAX_LOOKED_UP:
        return unicodedata.normalize("NFKD", text)
    chars = "".join(unicodedata.normalize("NFKD", char) for char in text)
    runs = groupby(chars, lambda char: unicodedata.combining(char) > 0)
    return "".join(chain(*(sorted(run, key=unicodedata.combining) for _, run in runs)))


def _is_accent(char: str) -> bool:
    return unicodedata.combining(char) >= _FIRST_ACCENT or unicodedata.category(char) == "Me"
