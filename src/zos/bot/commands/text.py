"""Words for Discord: escaped, and cut to what a message may hold. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import discord

MESSAGE_CHARACTERS = 2_000
"""Discord's limit for one message."""
_ELLIPSIS = "…"


def fit(lines: Sequence[str], limit: int = MESSAGE_CHARACTERS) -> str:
    """Return as many whole lines as one message holds, and how many more there are.

    Args:
        lines: What to say; one line alone that is too long is cut.
        limit: Characters, as Discord counts them.
    """
    whole = "\n".join(lines)
    if length(whole) <= limit:
        return whole
    kept: list[str] = []
    room = limit - length(_more(len(lines)))
    for line in lines:
        if length(line) + 1 > room:
            break
        kept.append(line)
        room -= length(line) + 1
    if not kept:
        return cut(lines[0], limit)
    return "\n".join([*kept, _more(len(lines) - len(kept))])


def in_parts(lines: Iterable[str], limit: int = MESSAGE_CHARACTERS) -> Iterator[str]:
    """Yield messages that hold all lines in order, split between lines."""
    part: list[str] = []
    room = limit
    for line in lines:
        shown = cut(line, limit)
        if part and length(shown) + 1 > room:
            yield "\n".join(part)
            part, room = [], limit
        part.append(shown)
        room -= length(shown) + 1
    if part:
        yield "\n".join(part)


def cut(text: str, limit: int) -> str:
    """Return a text that is no longer than `limit`."""
    if length(text) <= limit:
        return text
    room, kept = limit - 1, []
    for character in text:
        room -= length(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + _ELLIPSIS


def length(text: str) -> int:
    """Return how long Discord may find a text: UTF-16 units, the longest way of counting."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def plain(text: object) -> str:
    """Return somebody's text as one line that says what it says: no markup, no mention."""
    line = " ".join(str(text).split())
    return discord.utils.escape_mentions(discord.utils.escape_markdown(line))


def moment(at: datetime, style: str = "f") -> str:
    """Return a time that Discord shows in the reader's own zone (`f` in full, `R` relative)."""
    return f"<t:{int(at.timestamp())}:{style}>"


def _more(count: int) -> str:
    return f"{_ELLIPSIS} and {count:,} more"
