"""Finding a server's known subjects in a text. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set as AbstractSet

_WORD = re.compile(r"[\w.+#-]+")
_EDGES = "-._"
_LONGEST_NAME_WORDS = 3


def subjects_in(text: str, names: AbstractSet[str]) -> tuple[str, ...]:
    """Return which of `names` the text names, each once, in the text's order.

    A name is found where the text has its words next to each other, in any case and however they
    are joined. Longer names than three words are not looked for.

    Args:
        text: A message.
        names: Canonical subject names (`zos.core.topics.subject_name`).
    """
    if not names:
        return ()
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = [word for raw in _WORD.findall(folded) if (word := raw.strip(_EDGES))]
    found: dict[str, None] = {}
    for start in range(len(words)):
        for length in range(1, _LONGEST_NAME_WORDS + 1):
            name = "-".join(words[start : start + length])
            if name in names:
                found[name] = None
    return tuple(found)
