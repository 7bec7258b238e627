"""Pages of what a member wrote and did, in a fixed order, each continued after its last entry. Reads only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, tuple_

from zos.core.links import message_link
from zos.db.tables import channel, mention, message, reaction
from zos.members.model import Snowflake

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

Read = Callable[["AsyncConnection", Any], Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class OwnMessage:
    """A message of the member's."""

    id: Snowflake
    server_id: Snowflake | None
    channel_id: Snowflake
    channel: str
    at: datetime
    edited_at: datetime | None
    text: str
    reply_to_id: Snowflake | None
    link: str


@dataclass(frozen=True, slots=True)
class OwnReaction:
    """A reaction of the member's."""

    message_id: Snowflake
    emoji: str
    emoji_name: str
    at: datetime
    removed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Mention:
    """A message of somebody else's that mentions the member; its text is theirs."""

    message_id: Snowflake
    at: datetime
    link: str


def messages_of(member_id: int, limit: int) -> Read:
    """Return what reads pages of a member's messages, by ascending id."""
    query = (
        select(message, channel.c.name.label("channel_name"))
        .join(channel, channel.c.id == message.c.channel_id)
        .where(message.c.author_id == member_id)
        .order_by(message.c.id)
        .limit(limit)
    )

    async def read(connection: AsyncConnection, last: OwnMessage | None) -> Sequence[OwnMessage]:
        page = query if last is None else query.where(message.c.id > last.id)
        return [_own_message(row) for row in await connection.execute(page)]

    return read


def reactions_of(member_id: int, limit: int) -> Read:
    """Return what reads pages of a member's reactions, by ascending message and emoji."""
    columns = ("message_id", "emoji", "emoji_name", "reacted_at", "removed_at")
    key = (reaction.c.message_id, reaction.c.emoji)
    query = (
        select(*(reaction.c[name] for name in columns))
        .where(reaction.c.member_id == member_id)
        .order_by(*key)
        .limit(limit)
    )

    async def read(connection: AsyncConnection, last: OwnReaction | None) -> Sequence[OwnReaction]:
        page = query
        if last is not None:
            page = query.where(tuple_(*key) > tuple_(last.message_id, last.emoji))
        return [OwnReaction(*row) for row in await connection.execute(page)]

    return read


def mentions_of(member_id: int, limit: int) -> Read:
    """Return what reads pages of the messages that mention a member, by ascending id."""
    query = (
        select(message.c.id, message.c.created_at, message.c.server_id, message.c.channel_id)
        .join(mention, mention.c.message_id == message.c.id)
        .where(mention.c.member_id == member_id)
        .order_by(message.c.id)
        .limit(limit)
    )

    async def read(connection: AsyncConnection, last: Mention | None) -> Sequence[Mention]:
        page = query if last is None else query.where(message.c.id > last.message_id)
        return [
            Mention(row.id, row.created_at, message_link(row.server_id, row.channel_id, row.id))
            for row in await connection.execute(page)
        ]

    return read


def _own_message(row: Any) -> OwnMessage:
    return OwnMessage(
        id=row.id,
        server_id=row.server_id,
        channel_id=row.channel_id,
        channel=row.channel_name,
        at=row.created_at,
        edited_at=row.edited_at,
        text=row.content,
        reply_to_id=row.reply_to_id,
        link=message_link(row.server_id, row.channel_id, row.id),
    )
