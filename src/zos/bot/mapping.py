"""Discord's payloads as events. Pure: in, a dispatch's name and data and the time; out, events.

The payloads are read as Discord sends them, so that neither a cache of the client nor what a client
makes of them decides what is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from zos.core.ids import snowflake_time
from zos.observe.events import (
    AgentSeen,
    Author,
    ChannelKind,
    ChannelSeen,
    Emoji,
    Event,
    MemberUpdated,
    MessageCreated,
    MessageEdited,
    MessagesDeleted,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
    ReactionsCounted,
    ServerLeft,
    ServerSeen,
)

Payload = Mapping[str, Any]

_SNOWFLAKE_MAX = 2**63 - 1
_SAID_BY_SOMEONE = frozenset({0, 19, 20, 23})  # text, reply, answers to commands; else a notice
_FORWARD = 1
_THREADS = frozenset({10, 11, 12})
_DIRECT = frozenset({1, 3})
_WITH_THREADS = frozenset({0, 5, 15, 16})  # text, announcements, forums, media forums
_WITH_PRIVATE_THREADS = frozenset({0})
_WITHOUT_MESSAGES = frozenset({4, 14, 15, 16})  # categories, directories, forums, media forums


PAYLOAD_ERRORS = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading a payload raises that is not what Discord documents."""


class PayloadError(ValueError):
    """A payload is not what Discord documents."""


def to_events(kind: str, data: Any, now: datetime) -> list[Event]:
    """Return what a dispatch says happened; nothing for a kind that is not observed.

    Args:
        kind: The dispatch's name, such as `MESSAGE_CREATE`.
        data: Its payload.
        now: For what Discord gives no time for.

    Raises:
        PayloadError: If something is missing, or of the wrong kind.
    """
    mapping = _MAPPINGS.get(kind)
    if mapping is None:
        return []
    try:
        return mapping(data, now)
    except PAYLOAD_ERRORS as error:
        raise PayloadError(f"{kind}: {type(error).__name__}") from None


def said(data: Payload, server_id: int | None = None) -> MessageCreated | None:
    """Return a message, or None for one of Discord's own notices.

    Args:
        data: The message, from a dispatch or from the history of a channel.
        server_id: Where it stands, as a history does not say.
    """
    if data.get("type", 0) not in _SAID_BY_SOMEONE:
        return None
    answered = _answered(data)
    reference = data.get("referenced_message") or {}
    server_id = optional_id(data.get("guild_id")) or server_id
    return MessageCreated(
        id=to_id(data["id"]),
        server_id=server_id,
        channel_id=to_id(data["channel_id"]),
        author=_author(
            data["author"], data.get("member"), is_webhook=data.get("webhook_id") is not None
        ),
        created_at=_time(data["timestamp"]),
        content=_text(data["content"]),
        edited_at=_optional_time(data.get("edited_timestamp")),
        reply_to_id=answered,
        reply_to_author_id=to_id(reference["author"]["id"]) if answered and reference else None,
        mentions=_mentions(data),
        role_ids=tuple(map(to_id, data.get("mention_roles", ()))),
        has_attachments=bool(data.get("attachments") or data.get("embeds")),
    )


def counted(data: Payload, message: MessageCreated) -> list[ReactionsCounted]:
    """Return how many reacted to a message, as a history says it: not who, and not when."""
    return [
        ReactionsCounted(message.id, reaction_emoji(one["emoji"]), count, message.created_at)
        for one in data.get("reactions") or ()
        if (count := int(one["count"])) > 0
    ]


def holds_messages(data: Payload) -> bool:
    """Return whether a channel is a place that messages stand in."""
    return data["type"] not in _WITHOUT_MESSAGES


def has_threads(data: Payload) -> bool:
    """Return whether a channel may have archived threads."""
    return data["type"] in _WITH_THREADS


def has_private_threads(data: Payload) -> bool:
    """Return whether a channel may have private threads."""
    return data["type"] in _WITH_PRIVATE_THREADS


def reaction_emoji(data: Payload) -> Emoji:
    """Return the emoji of a reaction."""
    return Emoji(_text(data.get("name") or ""), optional_id(data.get("id")))


def place(data: Payload, now: datetime, server_id: int | None = None) -> ChannelSeen | None:
    """Return a channel or thread as it shows itself, or None for one that holds no messages."""
    if not holds_messages(data):
        return None
    kind = data["type"]
    is_thread = kind in _THREADS
    return ChannelSeen(
        id=to_id(data["id"]),
        server_id=None if kind in _DIRECT else optional_id(data.get("guild_id")) or server_id,
        name=_text(data.get("name") or data["id"]),
        kind=_channel_kind(kind),
        at=now,
        parent_id=optional_id(data.get("parent_id")) if is_thread else None,
        description=_text(data.get("topic") or ""),
    )


def user(data: Payload) -> Author:
    """Return a user outside any server."""
    return _author(data, None)


def to_id(value: Any) -> int:
    """Return a snowflake.

    Raises:
        ValueError: If it is none.
    """
    number = int(value) if isinstance(value, str | int) else 0
    if not 0 < number <= _SNOWFLAKE_MAX:
        raise ValueError("not an id")
    return number


def optional_id(value: Any) -> int | None:
    """Return a snowflake, or None where there is none."""
    return None if value is None else to_id(value)


def member(data: Payload, now: datetime, *, server_id: int, left: bool = False) -> MemberUpdated:
    """Return a member as a server shows them; who left holds no roles there."""
    return MemberUpdated(
        _author(data["user"], {"roles": ()} if left else data), server_id=server_id, at=now
    )


def _created(data: Payload, _now: datetime) -> list[Event]:
    message = said(data)
    return [] if message is None else [message]


def _edited(data: Payload, _now: datetime) -> list[Event]:
    if data.get("edited_timestamp") is None:
        return []  # an embed was resolved, a message pinned: the text is the same
    message = said(data)
    if message is None or message.edited_at is None:
        return []
    return [
        MessageEdited(
            id=message.id,
            server_id=message.server_id,
            content=message.content,
            edited_at=message.edited_at,
            mentions=message.mentions,
            role_ids=message.role_ids,
            has_attachments=message.has_attachments,
        )
    ]


def _deleted(data: Payload, now: datetime) -> list[Event]:
    return [MessagesDeleted((to_id(data["id"]),), now)]


def _deleted_at_once(data: Payload, now: datetime) -> list[Event]:
    return [MessagesDeleted(tuple(map(to_id, data["ids"])), now)]


def _reacted(data: Payload, now: datetime) -> list[Event]:
    shown = data.get("member") or {}
    user = shown.get("user") or {"id": data["user_id"], "username": ""}
    return [
        ReactionAdded(
            message_id=to_id(data["message_id"]),
            server_id=optional_id(data.get("guild_id")),
            emoji=reaction_emoji(data["emoji"]),
            member=_author(user, shown if "roles" in shown else None),
            at=now,
        )
    ]


def _reaction_taken(data: Payload, now: datetime) -> list[Event]:
    emoji = reaction_emoji(data["emoji"])
    return [ReactionRemoved(to_id(data["message_id"]), emoji, to_id(data["user_id"]), now)]


def _reactions_cleared(data: Payload, now: datetime) -> list[Event]:
    emoji = reaction_emoji(data["emoji"]) if "emoji" in data else None
    return [ReactionsCleared(to_id(data["message_id"]), now, emoji)]


def _channel(data: Payload, now: datetime) -> list[Event]:
    seen = place(data, now)
    return [] if seen is None else [seen]


def _thread_opened(data: Payload, now: datetime) -> list[Event]:
    seen = place(data, now)
    if seen is None or not data.get("newly_created"):
        return [] if seen is None else [seen]
    return [_as_opened(seen, data)]


def _threads(data: Payload, now: datetime) -> list[Event]:
    server_id = to_id(data["guild_id"])
    return [seen for one in data["threads"] if (seen := place(one, now, server_id))]


def _server(data: Payload, now: datetime) -> list[Event]:
    if data.get("unavailable"):
        return []
    server_id, joined_at = to_id(data["id"]), _optional_time(data.get("joined_at"))
    events: list[Event] = [ServerSeen(server_id, _text(data["name"]), now, joined_at)]
    events += [seen for one in data.get("channels", ()) if (seen := place(one, now, server_id))]
    for one in data.get("threads", ()):
        if seen := place(one, now, server_id):
            opened = joined_at is not None and snowflake_time(seen.id) > joined_at
            events.append(_as_opened(seen, one) if opened else seen)
    return events


def _server_renamed(data: Payload, now: datetime) -> list[Event]:
    return [ServerSeen(to_id(data["id"]), _text(data["name"]), now)]


def _server_gone(data: Payload, now: datetime) -> list[Event]:
    return [] if data.get("unavailable") else [ServerLeft(to_id(data["id"]), now)]


def _member(data: Payload, now: datetime) -> list[Event]:
    return [member(data, now, server_id=to_id(data["guild_id"]))]


def _member_left(data: Payload, now: datetime) -> list[Event]:
    return [member(data, now, server_id=to_id(data["guild_id"]), left=True)]


def _members(data: Payload, now: datetime) -> list[Event]:
    server_id = to_id(data["guild_id"])
    return [member(one, now, server_id=server_id) for one in data["members"]]


def _ready(data: Payload, now: datetime) -> list[Event]:
    return [AgentSeen(_author({**data["user"], "bot": True}, None), now)]


_MAPPINGS: dict[str, Callable[[Payload, datetime], list[Event]]] = {
    "READY": _ready,
    "GUILD_CREATE": _server,
    "GUILD_UPDATE": _server_renamed,
    "GUILD_DELETE": _server_gone,
    "CHANNEL_CREATE": _channel,
    "CHANNEL_UPDATE": _channel,
    "THREAD_CREATE": _thread_opened,
    "THREAD_UPDATE": _channel,
    "THREAD_LIST_SYNC": _threads,
    "MESSAGE_CREATE": _created,
    "MESSAGE_UPDATE": _edited,
    "MESSAGE_DELETE": _deleted,
    "MESSAGE_DELETE_BULK": _deleted_at_once,
    "MESSAGE_REACTION_ADD": _reacted,
    "MESSAGE_REACTION_REMOVE": _reaction_taken,
    "MESSAGE_REACTION_REMOVE_ALL": _reactions_cleared,
    "MESSAGE_REACTION_REMOVE_EMOJI": _reactions_cleared,
    "GUILD_MEMBER_ADD": _member,
    "GUILD_MEMBER_UPDATE": _member,
    "GUILD_MEMBER_REMOVE": _member_left,
    "GUILD_MEMBERS_CHUNK": _members,
}


def _channel_kind(number: int) -> ChannelKind:
    if number in _THREADS:
        return ChannelKind.THREAD
    return ChannelKind.DM if number in _DIRECT else ChannelKind.TEXT


def _as_opened(seen: ChannelSeen, data: Payload) -> ChannelSeen:
    return ChannelSeen(
        id=seen.id,
        server_id=seen.server_id,
        name=seen.name,
        kind=seen.kind,
        at=seen.at,
        parent_id=seen.parent_id,
        description=seen.description,
        created_at=snowflake_time(seen.id),
        creator_id=optional_id(data.get("owner_id")),
    )


def _author(user: Payload, shown: Payload | None, *, is_webhook: bool = False) -> Author:
    """Return a user; `shown` is what their server adds, or None where the payload does not say."""
    name = _text(user["username"])
    nickname = shown.get("nick") if shown else None
    everywhere = user.get("global_name") or None
    roles = None if shown is None or "roles" not in shown else tuple(map(to_id, shown["roles"]))
    return Author(
        id=to_id(user["id"]),
        name=name,
        display_name=_text(nickname or everywhere or name),
        is_bot=user.get("bot") is True or is_webhook,
        role_ids=roles,
        global_name=None if everywhere is None else _text(everywhere),
    )


def _mentions(data: Payload) -> tuple[Author, ...]:
    return tuple(_author(one, one.get("member")) for one in data.get("mentions", ()))


def _answered(data: Payload) -> int | None:
    reference = data.get("message_reference")
    if not reference or reference.get("type") == _FORWARD:
        return None
    return optional_id(reference.get("message_id"))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _time(value: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)


def _optional_time(value: Any) -> datetime | None:
    return None if value is None else _time(value)
