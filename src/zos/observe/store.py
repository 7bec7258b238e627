"""Reading what was observed: the messages and reactions behind a topic, never later than asked.

In: a topic key and a window of time. Out: frozen rows, oldest first. Whose words may be used is the
reader's question (`consent`): a conversation is not understood with holes in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union

from zos.core.scopes import Scope
from zos.core.topics import TopicCategory, TopicKey
from zos.db.sets import is_one_of
from zos.db.tables import (
    channel,
    emoji_use,
    member,
    mention,
    message,
    reaction,
    role_mention,
    subject_mention,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """One message as it stands now (an edit replaces its text).

    Attributes:
        server_id: None for a direct message.
        channel_id: The channel or thread it was written in.
        author_name: The author's display name as last seen.
        reply_to_id: The message it answers, which may be outside what was observed.
        reply_to_author_id: That message's author, where known.
        mention_ids: Members it mentions, ascending.
    """

    id: int
    server_id: int | None
    channel_id: int
    channel_name: str
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
        window = _Window(after, until, limit)
        branches = self._message_branches(key)
        if not branches:
            return []
        newest = union(*(select(window.newest(branch).subquery()) for branch in branches))
        ids = newest.subquery()
        wanted = (
            _message_rows()
            .where(message.c.id.in_(select(ids.c.id)))
            .order_by(message.c.created_at.desc(), message.c.id.desc())
            .limit(limit)
        )
        async with self._db.read() as connection:
            return await self._stored(connection, wanted)

    async def reactions_for(
        self, key: TopicKey, *, after: datetime | None, until: datetime, limit: int
    ) -> list[StoredReaction]:
        """Return the newest `limit` reactions behind `key` in (`after`, `until`], oldest first.

        A member's are those they gave and those their messages got; a pair's those between them;
        a space's those on its messages; an emoji's those with it. Other topics have none.
        """
        conditions = self._reaction_conditions(key)
        if not conditions:
            return []
        window = _Window(after, until, limit)
        wanted = (
            _REACTION_ROWS.where(*conditions, reaction.c.removed_at.is_(None))
            .where(*window.holds(reaction.c.reacted_at), *_in_server(key))
            .order_by(reaction.c.reacted_at.desc(), reaction.c.message_id.desc(), reaction.c.emoji)
            .limit(limit)
        )
        async with self._db.read() as connection:
            rows = (await connection.execute(wanted)).all()
        return [_stored_reaction(row) for row in reversed(rows)]

    async def messages_by_id(self, ids: Iterable[int]) -> list[StoredMessage]:
        """Return those of the messages `ids` that (still) exist, oldest first."""
        wanted = _message_rows().where(is_one_of(self._db, message.c.id, set(ids)))
        async with self._db.read() as connection:
            return await self._stored(connection, wanted)

    async def members(self, ids: Iterable[int]) -> dict[int, str]:
        """Return the display names, as last seen, of those of `ids` that are known."""
        query = select(member.c.id, member.c.display_name)
        async with self._db.read() as connection:
            rows = await connection.execute(query.where(is_one_of(self._db, member.c.id, set(ids))))
            return {row.id: row.display_name for row in rows}

    async def channel_name(self, channel_id: int) -> str | None:
        """Return the name of a channel or thread, or None for an unknown one."""
        query = select(channel.c.name).where(channel.c.id == channel_id)
        async with self._db.read() as connection:
            return (await connection.execute(query)).scalar()

    async def _stored(self, connection: AsyncConnection, query: Select[Any]) -> list[StoredMessage]:
        rows = sorted(await connection.execute(query), key=lambda row: (row.created_at, row.id))
        mentions: dict[int, list[int]] = defaultdict(list)
        mentioned = select(mention).where(
            is_one_of(self._db, mention.c.message_id, [row.id for row in rows])
        )
        for row in await connection.execute(mentioned.order_by(mention.c.member_id)):
            mentions[row.message_id].append(row.member_id)
        return [_stored_message(row, tuple(mentions[row.id])) for row in rows]

    def _message_branches(self, key: TopicKey) -> list[_Branch]:
        ids = select(message.c.id, message.c.created_at).where(*_in_server(key), *self._space(key))
        match key.members:
            case (one, other):
                return _pair_branches(ids, one, other)
            case (one,):
                return [_Branch(ids.where(message.c.author_id == one))]
            case _ if key.channel_id is not None:
                return [_Branch(ids)]
            case _:
                return _reference_branches(key, ids)

    def _reaction_conditions(self, key: TopicKey) -> list[ColumnElement[bool]]:
        space = self._space(key)
        match key.members:
            case (one, other):
                return [*space, _between(one, other)]
            case (one,):
                return [*space, _touches(one)]
            case _ if key.category is TopicCategory.EMOJI:
                return [reaction.c.emoji_id == key.ids[0]]
            case _:
                return space

    def _space(self, key: TopicKey) -> list[ColumnElement[bool]]:
        return [] if key.channel_id is None else [self._in_space(key.channel_id)]

    def _in_space(self, channel_id: int) -> ColumnElement[bool]:
        if self._threads_as_topics:
            return message.c.channel_id == channel_id
        threads = select(channel.c.id).where(channel.c.parent_id == channel_id)
        return or_(message.c.channel_id == channel_id, message.c.channel_id.in_(threads))


class _Branch(NamedTuple):
    """A query of message ids and times, and the time column that its window is about.

    `repeats`: it has a message as often as that column has times for it.
    """

    query: Select[Any]
    moment: ColumnElement[datetime] = message.c.created_at
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class _Window:
    after: datetime | None
    until: datetime
    limit: int

    def holds(self, moment: ColumnElement[datetime]) -> list[ColumnElement[bool]]:
        until = [moment <= self.until]
        return until if self.after is None else [moment > self.after, *until]

    def newest(self, branch: _Branch) -> Select[Any]:
        query = branch.query.where(*self.holds(branch.moment), message.c.created_at <= self.until)
        latest = branch.moment
        if branch.repeats:
            query = query.group_by(message.c.id, message.c.created_at)
            latest = func.max(branch.moment)
        return query.order_by(latest.desc(), message.c.id.desc()).limit(self.limit)


def _in_server(key: TopicKey) -> list[ColumnElement[bool]]:
    return [] if key.server_id is None else [message.c.server_id == key.server_id]


def _pair_branches(ids: Select[Any], one: int, other: int) -> list[_Branch]:
    branches: list[_Branch] = []
    for author, partner in ((one, other), (other, one)):
        written = ids.where(message.c.author_id == author)
        mentioning = written.join(mention, mention.c.message_id == message.c.id)
        branches += [
            _Branch(written.where(message.c.reply_to_author_id == partner)),
            _Branch(mentioning.where(mention.c.member_id == partner)),
        ]
    return branches


def _reference_branches(key: TopicKey, ids: Select[Any]) -> list[_Branch]:
    match key.category:
        case TopicCategory.EMOJI:
            used = ids.join(emoji_use).where(emoji_use.c.emoji_id == key.ids[0])
            reacted = ids.join(reaction).where(
                reaction.c.emoji_id == key.ids[0], reaction.c.removed_at.is_(None)
            )
            return [_Branch(used), _Branch(reacted, reaction.c.reacted_at, repeats=True)]
        case TopicCategory.ROLE:
            called = ids.join(role_mention).where(role_mention.c.role_id == key.ids[0])
            return [_Branch(called)]
        case TopicCategory.SUBJECT:
            named = ids.join(subject_mention, subject_mention.c.message_id == message.c.id)
            return [_Branch(named.where(subject_mention.c.topic_key == str(key)))]
        case _:
            return []


def _touches(member_id: int) -> ColumnElement[bool]:
    return or_(reaction.c.member_id == member_id, message.c.author_id == member_id)


def _between(one: int, other: int) -> ColumnElement[bool]:
    return or_(
        and_(reaction.c.member_id == one, message.c.author_id == other),
        and_(reaction.c.member_id == other, message.c.author_id == one),
    )


def _message_rows() -> Select[Any]:
    return (
        select(
            message.c.id,
            message.c.server_id,
            message.c.channel_id,
            channel.c.name.label("channel_name"),
            message.c.author_id,
            member.c.display_name.label("author_name"),
            message.c.is_bot,
            message.c.created_at,
            message.c.content,
            message.c.reply_to_id,
            message.c.reply_to_author_id,
            message.c.scope,
        )
        .join(channel, channel.c.id == message.c.channel_id)
        .join(member, member.c.id == message.c.author_id)
    )


_REACTION_ROWS = select(
    reaction.c.message_id,
    reaction.c.emoji,
    reaction.c.emoji_id,
    reaction.c.emoji_name,
    reaction.c.member_id,
    reaction.c.count.label("how_many"),  # a row has a method of the column's name
    reaction.c.reacted_at,
).join(message, message.c.id == reaction.c.message_id)


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
