"""`HistoryBooker`: stored history that is not in the ledger yet is booked, in the order of its events.

Archives are not in order of time, and neither are the files of an import. So they are stored
first, and booked by (time, id) up to a moment: that of a replay's clock, or now.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, Table, bindparam, func, select, tuple_, update

from zos.core.clock import Clock, SystemClock
from zos.core.ids import new_ulid
from zos.db.sets import is_one_of
from zos.db.tables import channel, emoji_use, mention, message, reaction, role_mention
from zos.observe.activities import Surroundings, in_order, opened
from zos.observe.batches import batches
from zos.observe.community import store as community
from zos.observe.content import Details
from zos.observe.events import Emoji
from zos.observe.messages.store import Place, take_turn

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.config import Config
    from zos.consent.store import ConsentStore
    from zos.db.engine import Database
    from zos.salience.earning import Activity
    from zos.salience.ledger import SalienceLedger

_KEYS_PER_STATEMENT = 1_000


@dataclass(frozen=True, slots=True)
class BookedHistory:
    """What `HistoryBooker.book_until` booked, in counts; `entries` are rows of the ledger."""

    messages: int = 0
    reactions: int = 0
    threads: int = 0
    entries: int = 0

    def __add__(self, other: BookedHistory) -> BookedHistory:
        return BookedHistory(
            self.messages + other.messages,
            self.reactions + other.reactions,
            self.threads + other.threads,
            self.entries + other.entries,
        )


class HistoryBooker:
    """Books what was stored without being booked.

    Args:
        db: The open store.
        ledger: Does the booking.
        consents: Who may be thought about.
        config: `observe.batch_size` bounds a transaction.
        clock: Names the batches.
    """

    def __init__(
        self,
        db: Database,
        ledger: SalienceLedger,
        consents: ConsentStore,
        config: Config,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._db = db
        self._ledger = ledger
        self._consents = consents
        self._batch_size = config.observe.batch_size
        self._clock = clock or SystemClock()

    async def book_until(
        self, moment: datetime, progress: Callable[[BookedHistory], None] | None = None
    ) -> BookedHistory:
        """Book everything unbooked up to and with `moment`, one transaction a batch.

        A call that is interrupted leaves whole batches; the next call goes on after them.

        Args:
            moment: Aware; what happened later stays unbooked.
            progress: Is told the sum so far after every batch.
        """
        booked = BookedHistory()
        while True:
            batch = await self._book_batch(moment)
            if batch is None:
                return booked
            booked += batch
            if progress is not None:
                progress(booked)

    async def unbooked_range(self) -> tuple[datetime, datetime] | None:
        """Return the times of the first and the last event that are not booked, or None."""
        bounds: list[datetime] = []
        async with self._db.read() as connection:
            for table, moment in (
                (message, message.c.created_at),
                (reaction, reaction.c.reacted_at),
                (channel, channel.c.created_at),
            ):
                query = select(func.min(moment), func.max(moment)).where(table.c.booked.is_(False))
                bounds += [one for one in (await connection.execute(query)).one() if one]
        return (min(bounds), max(bounds)) if bounds else None

    async def unbooked_count(self, until: datetime) -> int:
        """Return how many messages up to and with `until` are not booked."""
        query = select(func.count()).where(
            message.c.booked.is_(False), message.c.created_at <= until
        )
        async with self._db.read() as connection:
            return (await connection.execute(query)).scalar_one()

    async def _book_batch(self, moment: datetime) -> BookedHistory | None:
        async with self._db.write() as connection:
            await take_turn(self._db, connection)
            unbooked = await _next_unbooked(self._db, connection, moment, self._batch_size)
            if not unbooked:
                return None
            booked = await self._ledger.book(
                connection,
                in_order(await self._activities(connection, unbooked)),
                await self._consents.view(connection),
                batch=new_ulid(self._clock.now()),
                agent_id=await community.agent_id(connection),
            )
            await _mark_booked(self._db, connection, unbooked)
        return BookedHistory(
            messages=len(unbooked.messages),
            reactions=len(unbooked.reactions),
            threads=len(unbooked.threads),
            entries=booked.entries,
        )

    async def _activities(self, connection: AsyncConnection, unbooked: _Unbooked) -> list[Activity]:
        servers = {row.server_id for row in unbooked.messages if row.server_id is not None}
        channels = {row.channel_id for row in (*unbooked.messages, *unbooked.reactions)}
        around = Surroundings(
            spaces=await community.spaces_of(self._db, connection, channels),
            subjects=await self._ledger.subject_names(connection, servers),
        )
        references = await _references(self._db, connection, [row.id for row in unbooked.messages])
        return [
            *map(opened, unbooked.threads),
            *(_written(row, references, around) for row in unbooked.messages),
            *(_reacted(row, around) for row in unbooked.reactions),
        ]


@dataclass(frozen=True, slots=True)
class _Unbooked:
    """The first events in the order of booking: all that are earlier than `last_at`, some at it."""

    last_at: datetime
    messages: Sequence[Any]
    reactions: Sequence[Any]
    threads: Sequence[community.Thread]

    def __bool__(self) -> bool:
        return bool(self.messages or self.reactions or self.threads)


async def _next_unbooked(
    db: Database, connection: AsyncConnection, moment: datetime, limit: int
) -> _Unbooked:
    """The first `limit` in the order of booking, of all three kinds together."""
    few: dict[str, Any] = {"moment": moment, "few": limit}
    messages = (await connection.execute(_UNBOOKED_MESSAGES, few)).all()
    if len(messages) == limit:
        few["moment"] = messages[-1].created_at  # nothing later can be among the first
    reactions = (await connection.execute(_UNBOOKED_REACTIONS, few)).all()
    threads = await community.unbooked_threads(db, connection, until=few["moment"], limit=limit)
    turns = [
        *((one.created_at, one.id, 0) for one in threads),
        *((row.created_at, row.id, 1) for row in messages),
        *((row.reacted_at, row.message_id, 2) for row in reactions),
    ]
    turns.sort()
    chosen = Counter(kind for _, _, kind in turns[:limit])
    return _Unbooked(
        last_at=turns[:limit][-1][0] if turns else moment,
        messages=messages[: chosen[1]],
        reactions=reactions[: chosen[2]],
        threads=threads[: chosen[0]],
    )


_UNBOOKED_MESSAGES = (
    select(
        message.c.id,
        message.c.server_id,
        message.c.channel_id,
        message.c.author_id,
        message.c.is_bot,
        message.c.created_at,
        message.c.reply_to_author_id,
        message.c.has_media,
        message.c.content,
    )
    .where(message.c.booked.is_(False), message.c.created_at <= bindparam("moment"))
    .order_by(message.c.created_at, message.c.id)
    .limit(bindparam("few"))
)
_UNBOOKED_REACTIONS = (
    select(
        reaction.c.message_id,
        reaction.c.emoji,
        reaction.c.emoji_id,
        reaction.c.member_id,
        reaction.c.count.label("how_many"),  # a row has a method of the column's name
        reaction.c.reacted_at,
        message.c.server_id,
        message.c.channel_id,
        message.c.author_id,
    )
    .join(message, message.c.id == reaction.c.message_id)
    .where(reaction.c.booked.is_(False), reaction.c.reacted_at <= bindparam("moment"))
    .order_by(
        reaction.c.reacted_at,
        reaction.c.message_id,
        func.coalesce(reaction.c.emoji_id, 0),
        reaction.c.member_id,
        reaction.c.count,
        reaction.c.emoji,
    )
    .limit(bindparam("few"))
)


@dataclass(frozen=True, slots=True)
class _References:
    """What messages refer to, by message, ascending."""

    mentions: Mapping[int, Sequence[int]]
    roles: Mapping[int, Sequence[int]]
    emoji: Mapping[int, Sequence[int]]


async def _references(db: Database, connection: AsyncConnection, ids: Sequence[int]) -> _References:
    async def read(table: Table, column: Column[int]) -> Mapping[int, Sequence[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        query = select(table.c.message_id, column).where(is_one_of(db, table.c.message_id, ids))
        for message_id, other in await connection.execute(query.order_by(column)):
            found[message_id].append(other)
        return found

    return _References(
        mentions=await read(mention, mention.c.member_id),
        roles=await read(role_mention, role_mention.c.role_id),
        emoji=await read(emoji_use, emoji_use.c.emoji_id),
    )


def _written(row: Any, references: _References, around: Surroundings) -> Activity:
    read = Details(
        text=row.content,
        mention_ids=tuple(references.mentions.get(row.id, ())),
        role_ids=tuple(references.roles.get(row.id, ())),
        emoji=tuple(Emoji("", emoji_id) for emoji_id in references.emoji.get(row.id, ())),
        has_media=row.has_media,
    )
    place = Place(row.id, row.server_id, row.channel_id, row.author_id)
    return around.written(place, row.created_at, read, row.reply_to_author_id, is_bot=row.is_bot)


def _reacted(row: Any, around: Surroundings) -> Activity:
    place = Place(row.message_id, row.server_id, row.channel_id, row.author_id)
    return around.reacted(place, row.reacted_at, row.emoji_id, row.member_id, count=row.how_many)


async def _mark_booked(db: Database, connection: AsyncConnection, booked: _Unbooked) -> None:
    at = booked.last_at
    last_messages = [row.id for row in booked.messages if row.created_at == at]
    last_reactions = [
        (row.message_id, row.emoji, row.member_id)
        for row in booked.reactions
        if row.reacted_at == at
    ]
    for table, moment in ((message, message.c.created_at), (reaction, reaction.c.reacted_at)):
        earlier = update(table).where(table.c.booked.is_(False), moment < at)
        await connection.execute(earlier.values(booked=True))
    here = update(message).where(is_one_of(db, message.c.id, last_messages))
    await connection.execute(here.values(booked=True))
    key = tuple_(reaction.c.message_id, reaction.c.emoji, reaction.c.member_id)
    for some in batches(last_reactions, _KEYS_PER_STATEMENT):
        await connection.execute(update(reaction).where(key.in_(some)).values(booked=True))
    await community.mark_threads_booked(db, connection, booked.threads)
