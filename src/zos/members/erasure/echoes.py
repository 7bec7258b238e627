"""Recognising what somebody said, or who they are, in what others made of it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from zos.reflect.words import runs_of, words_of

_MIN_NAME = 2  # a name of one letter is also a word of somebody's sentence


class Echoes:
    """Texts and names that are gone.

    Args:
        texts: What was said.
        names: What its author was called.
    """

    def __init__(self, texts: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        said = list(texts)
        self._runs = runs_of(said)
        self._short = {" ".join(words_of(text)) for text in said} - {""}
        self._names = _pattern(names)

    def __call__(self, text: str) -> bool:
        """Return whether `text` repeats a run of words, a whole short message, or a name."""
        if self._names is not None and self._names.search(text):
            return True
        return not self._runs.isdisjoint(runs_of([text])) or " ".join(words_of(text)) in self._short


def _pattern(names: Iterable[str]) -> re.Pattern[str] | None:
    wanted = sorted({name.strip() for name in names if len(name.strip()) >= _MIN_NAME})
    if not wanted:
        return None
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, wanted))})(?!\w)", re.IGNORECASE)
