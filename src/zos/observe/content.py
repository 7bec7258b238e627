"""What a message says beside its words: links, custom emoji, who and which roles are mentioned. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zos.observe.events import Emoji, MessageCreated, MessageEdited

_LINK = re.compile(r"https?://\S", re.IGNORECASE)
_CUSTOM_EMOJI = re.compile(r"<a?:(\w{1,64}):([1-9]\d{0,18})>")
_ROLE = re.compile(r"<@&([1-9]\d{0,18})>")
_SNOWFLAKE_MAX = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Details:
    """What follows from a message's payload and text: each id once, ascending.

    Attributes:
        text: The text as it can be stored.
        emoji: Custom emoji.
        has_media: It has an attachment, an embed or a link.
    """

    text: str
    mention_ids: tuple[int, ...]
    role_ids: tuple[int, ...]
    emoji: tuple[Emoji, ...]
    has_media: bool


def details(message: MessageCreated | MessageEdited) -> Details:
    """Read a message, whichever way it came in."""
    text = storable(message.content)
    emoji = {one.id: one for one in (*custom_emoji(text), *message.emoji) if one.id is not None}
    return Details(
        text=text,
        mention_ids=tuple(sorted({member.id for member in message.mentions})),
        role_ids=tuple(sorted({*message.role_ids, *mentioned_roles(text)})),
        emoji=tuple(emoji[key] for key in sorted(emoji)),
        has_media=message.has_attachments or has_link(text),
    )


def has_link(text: str) -> bool:
    """Return whether `text` contains a web address."""
    return "://" in text and _LINK.search(text) is not None


def custom_emoji(text: str) -> list[Emoji]:
    """Return the custom emoji in `text` as Discord writes them (`<:name:id>`)."""
    if "<" not in text:
        return []
    found = [Emoji(name, int(number)) for name, number in _CUSTOM_EMOJI.findall(text)]
    return [emoji for emoji in found if (emoji.id or 0) <= _SNOWFLAKE_MAX]


def mentioned_roles(text: str) -> list[int]:
    """Return the ids of the roles that `text` mentions (`<@&id>`)."""
    if "<@&" not in text:
        return []
    return [role for role in map(int, _ROLE.findall(text)) if role <= _SNOWFLAKE_MAX]


def storable(text: str) -> str:
    """Return `text` without what a database cannot hold: NUL and lone surrogates."""
    if "\x00" in text:
        text = text.replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
