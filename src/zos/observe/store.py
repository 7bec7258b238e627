"""Reading what was observed: the messages and reactions behind a topic, never later than asked.

In: a topic key and a window of time. Out: frozen rows, oldest first. Whose words may be used is the
reader's question (`consent`): a conversation is not understood with holes in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select

from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.sets import one_of
from zos.db.tables import channel, member, mention, message
from zos.observe.retrieval import MESSAGE_ROWS, Shape, given, messages_of, reactions_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message as it stands now (an edit replaces its text).

    Attributes:
        server_id: None for a direct message.
        channel_id: The channel or thread it was written in.
        in_thread: It is a thread: people name these.
        author_name: The author's display name as last seen.
        reply_to_id: The message it answers, which may be outside what was observed.
        reply_to_author_id: That message's author, where known.
        mention_ids: Members it mentions, ascending.
    """

    id: int
    server_id: int | None
    channel_id: int
    channel_name: str
    in_thread: bool
    author_id: int
    author_name: str
    is_bot: bool
    created_at: datetime
    content: str
    reply_to_id: int | None
    reply_to_author_id: int | None
    mention_ids: tuple[int, ...]
    scope: Scope


@dataclass(frozen=True, slots=True)
class StoredReaction:
    """One member's reaction, or, where an archive does not say whose they were, several at once.

    Attributes:
        emoji: The Unicode emoji, or a custom emoji's id as text.
        emoji_id: A custom emoji's id, else None.
        member_id: Who reacted; None where that is not known.
        count: 1, or how many where `member_id` is None.
        reacted_at: The message's own time where it came from an archive.
    """

    message_id: int
    emoji: str
    emoji_id: int | None
    emoji_name: str
    member_id: int | None
    count: int
    reacted_at: datetime


_MESSAGES_BY_ID = MESSAGE_ROWS.where(one_of(message.c.id, "ids"))
_MENTIONS = select(mention).where(one_of(mention.c.message_id, "ids")).order_by(mention.c.member_id)
_NAMES = select(member.c.id, member.c.display_name).where(one_of(member.c.id, "ids"))


class MessageStore:
    """Reads messages and reactions.

    Args:
        db: The open store.
        threads_as_topics: False: a channel's messages are also those of its threads
            (`observe.threads_as_topics`).
    """

    def __init__(self, db: Database, *, threads_as_topics: bool = True) -> None:
        self._db = db
        self._threads_as_topics = threads_as_topics

    async def messages_for(
        self, key: TopicKey, *, after: datetime | None, until: datetime, limit: int
    ) -> list[StoredMessage]:
        """Return the newest `limit` messages behind `key` in (`after`, `until`], oldest first.

        A pair's are those of one that answer or mention the other; an emoji's those that use it,
        and those that were reacted to with it in the window. Self topics have none.
        """
        wanted = messages_of(self._shape(key, after))
        if wanted is None:
            return []
        values = given(key, after, until, limit)
        return await self._db.read_at_once(lambda connection: _stored(connection, wanted, values))

    async def reactions_for(
        self, key: TopicKey, *, after: datetime | None, until: datetime, limit: int
    ) -> list[StoredReaction]:
        """Return the newest `limit` reactions behind `key` in (`after`, `until`], oldest first.

        A member's are those they gave and those their messages got; a pair's those between them;
        a space's those on its messages; an emoji's those with it. Other topics have none.
        """
        wanted = reactions_of(self._shape(key, after))
        if wanted is None:
            return []
        async with self._db.read() as connection:
            rows = (await connection.execute(wanted, given(key, after, until, limit))).all()
        return [_stored_reaction(row) for row in reversed(rows)]

    async def messages_by_id(self, ids: Iterable[int]) -> list[StoredMessage]:
        """Return those of the messages `ids` that (still) exist, oldest first."""
        wanted = {"ids": set(ids)}
        return await self._db.read_at_once(
            lambda connection: _stored(connection, _MESSAGES_BY_ID, wanted)
        )

    async def members(
        self, ids: Iterable[int], connection: AsyncConnection | None = None
    ) -> dict[int, str]:
        """Return the display names, as last seen, of those of `ids` that are known."""
        wanted = set(ids)
        if not wanted:
            return {}
        async with self._db.read(connection) as reader:
            rows = await reader.execute(_NAMES, {"ids": wanted})
            return {row.id: row.display_name for row in rows}

    async def channel_name(
        self, channel_id: int, connection: AsyncConnection | None = None
    ) -> str | None:
        """Return the name of a channel or thread, or None for an unknown one."""
        query = select(channel.c.name).where(channel.c.id == channel_id)
        async with self._db.read(connection) as reader:
            return (await reader.execute(query)).scalar()

    def _shape(self, key: TopicKey, after: datetime | None) -> Shape:
        return Shape(
            key.category,
            in_server=key.server_id is not None,
            since=after is not None,
            with_threads=not self._threads_as_topics,
        )


async def _stored(
    connection: AsyncConnection, query: Select[Any], given: Mapping[str, object]
) -> list[StoredMessage]:
    found = await connection.execute(query, given)
    rows = sorted(found, key=lambda row: (row.created_at, row.id))
    mentions: dict[int, list[int]] = defaultdict(list)
    for row in await connection.execute(_MENTIONS, {"ids": [row.id for row in rows]}):
        mentions[row.message_id].append(row.member_id)
    return [_stored_message(row, tuple(mentions[row.id])) for row in rows]


def _stored_message(row: Any, mention_ids: tuple[int, ...]) -> StoredMessage:
    fields = row._asdict()
    scope = Scope(fields.pop("scope"))
    return StoredMessage(**fields, scope=scope, mention_ids=mention_ids)


def _stored_reaction(row: Any) -> StoredReaction:
    return StoredReaction(
        message_id=row.message_id,
        emoji=row.emoji,
        emoji_id=row.emoji_id,
        emoji_name=row.emoji_name,
        member_id=row.member_id or None,
        count=row.how_many,
        reacted_at=row.reacted_at,
    )
