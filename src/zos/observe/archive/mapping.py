"""What an archive's JSON means: heads and messages to the same events that a live client tells. Pure.

Written for DiscordChatExporter 2.x, old and new: ids are text or numbers, kinds of messages and
channels are names or bare numbers, and fields that an older version does not have may be missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from zos.observe.content import storable
from zos.observe.events import (
    Author,
    ChannelKind,
    Emoji,
    MessageCreated,
    ReactionAdded,
    ReactionsCounted,
)

_SNOWFLAKE_MAX = 2**63 - 1
_COUNT_MAX = 2**31 - 1
_SAID_BY_SOMEONE = {"Default", "Reply", "0", "19", "20", "23"}
"""What people and bots write, answers to commands among it; all else is Discord's own notice."""

_THREADS = {"10", "11", "12"}
_DIRECT = {"1", "3"}


class ArchiveValueError(ValueError):
    """A value is not what it must be; the text says which and why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Head:
    """What an archive says of where its messages stand.

    Attributes:
        server_id: None for direct messages.
        exported_at: When, or None if it does not say.
        parent_id: A thread's channel.
    """

    server_id: int | None
    server_name: str
    channel_id: int
    channel_name: str
    kind: ChannelKind
    parent_id: int | None
    parent_name: str
    description: str
    exported_at: datetime | None


@dataclass(frozen=True, slots=True)
class ArchivedMessage:
    """One message of an archive.

    Attributes:
        is_notice: It is one of Discord's own notices and not to be stored.
        reactions: Who reacted.
        counted: Reactions of which the archive does not say whose they are.
    """

    message: MessageCreated
    is_notice: bool
    reactions: tuple[ReactionAdded, ...] = ()
    counted: tuple[ReactionsCounted, ...] = ()


def to_head(found: Mapping[str, Any]) -> Head:
    """Understand what `read_head` found.

    Raises:
        ArchiveValueError: If it does not name a server and a channel.
    """
    kind = _channel_kind(found)
    is_direct = kind is ChannelKind.DM
    parent_id = found.get("channel.categoryId") if kind is ChannelKind.THREAD else None
    exported_at = found.get("exportedAt")
    return Head(
        server_id=None if is_direct else _snowflake(found.get("guild.id"), "guild.id"),
        server_name=_text(found.get("guild.name")),
        channel_id=_snowflake(found.get("channel.id"), "channel.id"),
        channel_name=_text(found.get("channel.name")),
        kind=kind,
        parent_id=None if not parent_id else _snowflake(parent_id, "channel.categoryId"),
        parent_name=_text(found.get("channel.category")),
        description=_text(found.get("channel.topic")),
        exported_at=None if not exported_at else _time(exported_at, "exportedAt"),
    )


def to_message(raw: Any, head: Head) -> ArchivedMessage:
    """Understand one message.

    Raises:
        ArchiveValueError: If it has no id, author or time, or a value is of the wrong kind.
    """
    if not isinstance(raw, dict):
        raise ArchiveValueError("is not an object")
    message = MessageCreated(
        id=_snowflake(raw.get("id"), "id"),
        server_id=head.server_id,
        channel_id=head.channel_id,
        author=_author(raw.get("author"), "author"),
        created_at=_time(raw.get("timestamp"), "timestamp"),
        content=_text(raw.get("content")),
        edited_at=_optional_time(raw.get("timestampEdited"), "timestampEdited"),
        reply_to_id=_answered(raw),
        mentions=tuple(_author(one, "mentions") for one in _list(raw, "mentions")),
        emoji=tuple(_emoji(one) for one in _list(raw, "inlineEmojis")),
        has_attachments=bool(_list(raw, "attachments") or _list(raw, "embeds")),
    )
    if str(raw.get("type", "Default")) not in _SAID_BY_SOMEONE:
        return ArchivedMessage(message, is_notice=True)
    reactions: list[ReactionAdded] = []
    counted: list[ReactionsCounted] = []
    for one in _list(raw, "reactions"):
        _reaction(one, message, reactions, counted)
    return ArchivedMessage(message, False, tuple(reactions), tuple(counted))


def _reaction(
    raw: Any,
    message: MessageCreated,
    reactions: list[ReactionAdded],
    counted: list[ReactionsCounted],
) -> None:
    if not isinstance(raw, dict):
        raise ArchiveValueError("has a reaction that is not an object")
    emoji = _emoji(raw.get("emoji"))
    users = [_author(one, "reactions.users", with_roles=False) for one in _list(raw, "users")]
    reactions += [
        ReactionAdded(message.id, message.server_id, emoji, user, message.created_at)
        for user in users
    ]
    count = raw.get("count", 0)
    if not isinstance(count, int) or not 0 <= count <= _COUNT_MAX:
        raise ArchiveValueError(f"has {count!r} for the count of a reaction")
    if count and not users:
        counted.append(ReactionsCounted(message.id, emoji, count, message.created_at))


def _channel_kind(found: Mapping[str, Any]) -> ChannelKind:
    told = str(found.get("channel.type"))
    if str(found.get("guild.id")) == "0" or told.startswith("Direct") or told in _DIRECT:
        return ChannelKind.DM
    return ChannelKind.THREAD if "Thread" in told or told in _THREADS else ChannelKind.TEXT


def _answered(raw: dict[str, Any]) -> int | None:
    reference = raw.get("reference")
    if not isinstance(reference, dict) or reference.get("type") in ("Forward", 1, "1"):
        return None
    answered = reference.get("messageId")
    return None if not answered else _snowflake(answered, "reference.messageId")


def _author(raw: Any, what: str, *, with_roles: bool = True) -> Author:
    if not isinstance(raw, dict):
        raise ArchiveValueError(f"has no {what}")
    name = _text(raw.get("name"))
    roles = raw.get("roles") if with_roles else None
    return Author(
        id=_snowflake(raw.get("id"), f"{what}.id"),
        name=name,
        display_name=_text(raw.get("nickname")) or name,
        is_bot=raw.get("isBot") is True,
        role_ids=None if not isinstance(roles, list) else tuple(map(_role, roles)),
    )


def _role(raw: Any) -> int:
    return _snowflake(raw.get("id") if isinstance(raw, dict) else raw, "roles.id")


def _emoji(raw: Any) -> Emoji:
    if not isinstance(raw, dict):
        raise ArchiveValueError("has an emoji that is not an object")
    number = raw.get("id")
    name = storable(_text(raw.get("name")))
    if number in (None, "", "0", 0):
        return Emoji(name)
    return Emoji(name, _snowflake(number, "emoji.id"))


def _list(raw: dict[str, Any], key: str) -> list[Any]:
    value = raw.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ArchiveValueError(f"has {key} that are not a list")
    return value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ArchiveValueError(f"has {value!r} where text belongs")
    return value


def _snowflake(value: Any, what: str) -> int:
    number = 0
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    if not 0 < number <= _SNOWFLAKE_MAX:
        raise ArchiveValueError(f"has {_brief(value)} for {what}, which is no Discord id")
    return number


def _time(value: Any, what: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise ArchiveValueError(f"has {_brief(value)} for {what}, which is no time") from None


def _optional_time(value: Any, what: str) -> datetime | None:
    return None if value is None else _time(value, what)


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
