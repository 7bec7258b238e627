"""A message as the digest reads it: clean text, and its words without markup, links and code.

In: `MaterialItem`. Out: `Reading`. Words are compared by a light stem (case folded, possessives
and plain plurals dropped), so that a bed and two beds are one subject.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from zos.llm.digest.background import is_function_word
from zos.llm.request import MaterialItem

MAX_WORD_LENGTH = 28  # two of them make a subject's name of 60 at most

_ANONYMOUS = re.compile(r"<chat_\d+>")
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_NOISE = re.compile(
    r"```.*?(?:```|$)|(?:https?://|www\.)\S+|<[^<>\s]{1,80}>|@everyone|@here", re.DOTALL
)
_MARKUP = (
    (re.compile(r"<chat_\d+>"), "someone"),  # the number means nothing outside this window
    (re.compile(r"<@&\d+>"), "@role"),
    (re.compile(r"<@!?\d+>"), "@someone"),
    (re.compile(r"<#\d+>"), "#channel"),
    (re.compile(r"<a?(:\w+:)\d+>"), r"\1"),
)
# A word, or a mark that ends a phrase.
_TOKEN = re.compile(r"[^\W\d_](?:[\w'’]*[^\W_])?|[.!?;:,()\[\]{}\n…\"“”|/]")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_JOINER = "\u200d"  # holds emoji together; it hides nothing


@dataclass(frozen=True, slots=True)
class Reading:
    """One item, read.

    Attributes:
        item: What was read.
        position: Its place in the material.
        text: Its words on one line, markup and invisible characters resolved.
        words: Its words in order, lower case.
        phrases: Stems of the words between two punctuation marks, function words as empty strings.
        stems: The distinct stems of its content words.
        has_link: Whether it holds a link.
    """

    item: MaterialItem
    position: int
    text: str
    words: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]
    stems: frozenset[str]
    has_link: bool

    @property
    def is_named(self) -> bool:
        """Whether its speaker may be named: not a `<chat_N>`."""
        return not is_anonymous(self.item.speaker)


def read_items(items: Iterable[MaterialItem]) -> list[Reading]:
    """Read every item, in order."""
    return [_read(item, position) for position, item in enumerate(items)]


def is_anonymous(label: str) -> bool:
    """Whether a label stands for a member without consent."""
    return _ANONYMOUS.fullmatch(label) is not None


def clean(text: str) -> str:
    """Return `text` on one line, with Discord's markup in words and without invisible characters."""
    for pattern, words in _MARKUP:
        if "<" not in text:
            break
        text = pattern.sub(words, text)
    if not text.isascii() or not text.isprintable():
        text = "".join(char if _is_shown(char) else " " for char in text)
    return " ".join(text.split())


def shorten(text: str, limit: int) -> str:
    """Return `text`, cut after the last whole word within `limit` characters and marked when cut."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    return f"{cut.rsplit(' ', 1)[0] if ' ' in cut else cut} …"[:limit]


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return what `word` (lower case) is compared by."""
    word = word.replace("’", "'").removesuffix("'s").replace("'", "")
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("xes", "ches", "shes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


def name_stems(labels: Iterable[str]) -> frozenset[str]:
    """Return the stems in people's labels: a name is no subject."""
    return frozenset(stem(word) for label in labels for word in _words(label))


def _read(item: MaterialItem, position: int) -> Reading:
    words: list[str] = []
    phrases: list[tuple[str, ...]] = []
    phrase: list[str] = []
    for token in _TOKEN.findall(_NOISE.sub(" . ", item.text).lower()):
        if token[0].isalpha():
            words.append(token)
            phrase.append(_content_stem(token))
        elif phrase:
            phrases.append(tuple(phrase))
            phrase = []
    if phrase:
        phrases.append(tuple(phrase))
    return Reading(
        item=item,
        position=position,
        text=clean(item.text),
        words=tuple(words),
        phrases=tuple(phrases),
        stems=frozenset(stem for phrase in phrases for stem in phrase if stem),
        has_link=_LINK.search(item.text) is not None,
    )


@lru_cache(maxsize=50_000)
def _content_stem(word: str) -> str:
    """Return the stem of a content word, or nothing for a function word, a letter or a run of noise."""
    if len(word) < 2 or len(word) > MAX_WORD_LENGTH or is_function_word(word):
        return ""
    return stem(word)


def _words(text: str) -> Iterator[str]:
    return (token for token in _TOKEN.findall(text.lower()) if token[0].isalpha())


def _is_shown(char: str) -> bool:
    return char == _JOINER or unicodedata.category(char) not in _INVISIBLE
