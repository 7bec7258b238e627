"""How far the past of channels has come in, kept in the transactions that brought it there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update

from zos.db.sets import is_one_of
from zos.db.tables import backfill, channel

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database


@dataclass(frozen=True, slots=True)
class Reached:
    """How far one channel's past is stored.

    Attributes:
        since_id: The least id that was asked for.
        reached_id: Everything from there up to and with this id is stored.
        finished_at: When the channel's end was reached; None: not yet.
    """

    channel_id: int
    since_id: int
    reached_id: int
    finished_at: datetime | None = None


async def reached(db: Database, channel_ids: Collection[int]) -> dict[int, Reached]:
    """Return how far channels have come in, by channel; none: it was never asked for."""
    query = select(
        backfill.c.channel_id, backfill.c.since_id, backfill.c.reached_id, backfill.c.finished_at
    ).where(is_one_of(db, backfill.c.channel_id, set(channel_ids)))
    async with db.read() as connection:
        return {row.channel_id: Reached(*row) for row in await connection.execute(query)}


async def note(db: Database, connection: AsyncConnection, far: Reached) -> None:
    """Note how far a channel has come in.

    At its end the channel is followed from there, unless something before the beginning may be
    missing.
    """
    values = {
        "since_id": far.since_id,
        "reached_id": far.reached_id,
        "finished_at": far.finished_at,
    }
    add = db.insert(backfill).values(channel_id=far.channel_id, **values)
    await connection.execute(
        add.on_conflict_do_update(index_elements=[backfill.c.channel_id], set_=values)
    )
    if far.finished_at is not None:
        to = channel.c.followed_to
        joined = or_(to.is_(None), to.between(far.since_id - 1, far.reached_id - 1))
        change = update(channel).where(channel.c.id == far.channel_id, joined)
        await connection.execute(change.values(followed_to=far.reached_id))
