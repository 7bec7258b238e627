"""Marks: up to which message each channel is known to be stored without a gap."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, bindparam, or_, select, update

from zos.core.ids import snowflake_time
from zos.db.sets import is_one_of
from zos.db.tables import channel, message, reaction
from zos.observe.events import ChannelKind, Emoji

if TYPE_CHECKING:
    from zos.db.engine import Database

Standing = dict[str, tuple[Emoji, set[int]]]
"""How a message is reacted to: an emoji's key → the emoji and its members."""


class ChannelMarks:
    """Reads and moves the marks, and looks up what a comparison with Discord needs.

    Args:
        db: The open store.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of_server(self, server_id: int) -> dict[int, int]:
        """Return the marks of a server's channels: channel → the last message before which none is missing."""
        query = select(channel.c.id, channel.c.followed_to).where(
            channel.c.server_id == server_id, channel.c.followed_to.is_not(None)
        )
        return await self._pairs(query)

    async def of_direct(self) -> dict[int, int]:
        """Return the marks of direct conversations."""
        query = select(channel.c.id, channel.c.followed_to).where(
            channel.c.kind == ChannelKind.DM, channel.c.followed_to.is_not(None)
        )
        return await self._pairs(query)

    async def advance(self, marks: Mapping[int, int]) -> None:
        """Move channels' marks on; none moves back, and a channel that is not stored has none."""
        if not marks:
            return
        change = (
            update(channel)
            .where(
                channel.c.id == bindparam("place"),
                or_(channel.c.followed_to.is_(None), channel.c.followed_to < bindparam("reached")),
            )
            .values(followed_to=bindparam("reached"))
        )
        rows = [{"place": key, "reached": marks[key]} for key in sorted(marks)]
        async with self._db.write() as connection:
            await connection.execute(change, rows)

    async def latest(self, channel_id: int, *, until: int, limit: int) -> list[int]:
        """Return the ids of a channel's newest stored messages up to `until`, ascending."""
        query = (
            select(message.c.id)
            .where(
                message.c.channel_id == channel_id,
                message.c.created_at <= snowflake_time(until + 1),
                message.c.id <= until,
            )
            .order_by(message.c.created_at.desc(), message.c.id.desc())
            .limit(limit)
        )
        return sorted(await self._ids(query))

    async def following(self, channel_id: int, after: int, *, limit: int) -> list[int]:
        """Return the ids of a channel's oldest stored messages after one."""
        query = (
            select(message.c.id)
            .where(
                message.c.channel_id == channel_id,
                message.c.created_at >= snowflake_time(after),
                message.c.id > after,
            )
            .order_by(message.c.created_at, message.c.id)
            .limit(limit)
        )
        return await self._ids(query)

    async def all_in(self, channel_id: int) -> list[int]:
        """Return the ids of all messages stored of a channel and of its threads."""
        inside = select(channel.c.id).where(
            or_(channel.c.id == channel_id, channel.c.parent_id == channel_id)
        )
        return await self._ids(select(message.c.id).where(message.c.channel_id.in_(inside)))

    async def reactions_on(self, message_ids: Collection[int]) -> dict[int, Standing]:
        """Return how messages are reacted to.

        Counts of an archive that does not say who reacted show as member 0.
        """
        if not message_ids:
            return {}
        query = select(
            reaction.c.message_id,
            reaction.c.emoji,
            reaction.c.emoji_id,
            reaction.c.emoji_name,
            reaction.c.member_id,
        ).where(
            is_one_of(self._db, reaction.c.message_id, message_ids),
            reaction.c.removed_at.is_(None),
        )
        found: dict[int, Standing] = {}
        async with self._db.read() as connection:
            for row in await connection.execute(query):
                emoji = Emoji(row.emoji_name, row.emoji_id)
                of_message = found.setdefault(row.message_id, {})
                of_message.setdefault(row.emoji, (emoji, set()))[1].add(row.member_id)
        return found

    async def _ids(self, query: Select[Any]) -> list[int]:
        async with self._db.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def _pairs(self, query: Select[Any]) -> dict[int, int]:
        async with self._db.read() as connection:
            return {row[0]: row[1] for row in await connection.execute(query)}
