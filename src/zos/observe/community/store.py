"""Writing servers, channels and members: what was seen latest stands, in whatever order it comes in.

All functions work in the caller's write transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, bindparam, case, delete, func, insert, select, update

from zos.core.names import telling_word
from zos.db.sets import is_one_of
from zos.db.tables import channel, member, member_role, membership, server
from zos.observe.batch import Sighting
from zos.observe.content import storable
from zos.observe.events import AgentSeen, ChannelKind, ChannelSeen, ServerLeft, ServerSeen

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database

UNSEEN = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of what was only heard of: everything that is seen is newer."""

_SAME_ORDER = attrgetter("id", "at")  # two writers take their locks in one order


@dataclass(frozen=True, slots=True)
class Space:
    """What kind of place a channel is; `parent_id` is a thread's channel."""

    is_thread: bool
    parent_id: int | None


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread whose creation is not in the ledger yet."""

    id: int
    server_id: int | None
    parent_id: int | None
    created_at: datetime
    creator_id: int


async def see_servers(
    db: Database, connection: AsyncConnection, seen: Sequence[ServerSeen]
) -> None:
    """Store servers' names; one that says since when Zos is in it is not left any more."""
    rows = [
        {
            "id": event.id,
            "name": storable(event.name),
            "seen_at": event.at,
            "joined_at": event.joined_at,
            "left_at": None,
        }
        for event in sorted(seen, key=_SAME_ORDER)
    ]
    add = db.insert(server)
    newer = add.on_conflict_do_update(
        index_elements=[server.c.id],
        set_={
            "name": add.excluded.name,
            "seen_at": add.excluded.seen_at,
            "joined_at": func.coalesce(server.c.joined_at, add.excluded.joined_at),
            "left_at": case((add.excluded.joined_at.is_not(None), None), else_=server.c.left_at),
        },
        where=server.c.seen_at < add.excluded.seen_at,
    )
    await _many(connection, newer, rows)


async def leave_servers(connection: AsyncConnection, left: Sequence[ServerLeft]) -> None:
    """Store since when Zos is not in servers any more."""
    change = (
        update(server)
        .where(server.c.id == bindparam("server"), server.c.seen_at <= bindparam("moment"))
        .values(left_at=bindparam("moment"), seen_at=bindparam("moment"))
    )
    await _many(connection, change, [{"server": event.id, "moment": event.at} for event in left])


async def see_channels(
    db: Database, connection: AsyncConnection, seen: Sequence[ChannelSeen]
) -> None:
    """Store channels and threads. A thread whose creation becomes known now waits to be booked."""
    add = db.insert(channel)
    newer = channel.c.seen_at < add.excluded.seen_at
    news = and_(channel.c.created_at.is_(None), add.excluded.created_at.is_not(None))
    changes = {name: case((newer, add.excluded[name]), else_=channel.c[name]) for name in _SHOWN}
    changes |= {name: case((news, add.excluded[name]), else_=channel.c[name]) for name in _CREATION}
    upsert = add.on_conflict_do_update(index_elements=[channel.c.id], set_=changes)
    await _many(connection, upsert, [_channel_row(one) for one in sorted(seen, key=_SAME_ORDER)])


_SHOWN = ("server_id", "name", "kind", "parent_id", "description", "seen_at")
_CREATION = ("created_at", "creator_id", "booked")


def _channel_row(event: ChannelSeen) -> dict[str, Any]:
    return {
        "id": event.id,
        "server_id": event.server_id,
        "name": storable(event.name),
        "kind": event.kind.value,
        "parent_id": event.parent_id,
        "description": storable(event.description),
        "seen_at": event.at,
        "created_at": event.created_at,
        "creator_id": event.creator_id,
        "booked": event.kind is not ChannelKind.THREAD or event.created_at is None,
    }


async def hold_places(
    db: Database, connection: AsyncConnection, places: Iterable[tuple[int, int | None]]
) -> None:
    """Make sure that channels exist, given as (channel, server), under their ids until they are seen."""
    here = sorted(set(places), key=lambda place: place[0])
    servers = [{"id": number, "name": str(number)} for number in sorted({s for _, s in here if s})]
    channels = [
        {
            "id": channel_id,
            "server_id": server_id,
            "name": str(channel_id),
            "kind": (ChannelKind.DM if server_id is None else ChannelKind.TEXT).value,
        }
        for channel_id, server_id in here
    ]
    await _many(connection, db.insert(server).on_conflict_do_nothing(), servers)
    await _many(connection, db.insert(channel).on_conflict_do_nothing(), channels)


async def see_members(
    db: Database, connection: AsyncConnection, sightings: Iterable[Sighting]
) -> None:
    """Store members' names, and their roles where a payload shows them."""
    seen = sorted(sightings, key=attrgetter("at"), reverse=True)
    seen.reverse()  # the newest is last; of equals, the first
    people = {sighting.member.id: sighting for sighting in seen}
    add = db.insert(member)
    newer = add.on_conflict_do_update(
        index_elements=[member.c.id],
        set_={
            **{name: add.excluded[name] for name in _CALLED},
            **{name: func.coalesce(add.excluded[name], member.c[name]) for name in _EVERYWHERE},
        },
        where=member.c.seen_at < add.excluded.seen_at,
    )
    await _many(connection, newer, [_member_row(people[who]) for who in sorted(people)])
    await _see_roles(db, connection, seen)


_EVERYWHERE = ("global_name", "global_word")  # archives do not say it
_CALLED = ("name", "display_name", "name_word", "display_word", "is_bot", "seen_at")


async def _see_roles(db: Database, connection: AsyncConnection, seen: Sequence[Sighting]) -> None:
    shown = {
        (sighting.member.id, sighting.server_id): sighting
        for sighting in seen
        if sighting.server_id is not None and sighting.member.role_ids is not None
    }
    if not shown:
        return
    keys = ("member_id", "server_id", "seen_at")
    rows = [dict(zip(keys, (*pair, shown[pair].at), strict=True)) for pair in sorted(shown)]
    add = db.insert(membership)
    newer = add.on_conflict_do_update(
        index_elements=[membership.c.member_id, membership.c.server_id],
        set_={"seen_at": add.excluded.seen_at},
        where=membership.c.seen_at < add.excluded.seen_at,
    ).returning(membership.c.member_id, membership.c.server_id)
    news = [tuple(row) for row in await connection.execute(newer, rows)]
    await _replace_roles(connection, [shown[pair] for pair in news])


async def _replace_roles(connection: AsyncConnection, sightings: Sequence[Sighting]) -> None:
    pairs = [{"who": one.member.id, "where": one.server_id} for one in sightings]
    held = [
        {"member_id": one.member.id, "server_id": one.server_id, "role_id": role_id}
        for one in sightings
        for role_id in sorted(set(one.member.role_ids or ()))
    ]
    drop = delete(member_role).where(
        member_role.c.member_id == bindparam("who"), member_role.c.server_id == bindparam("where")
    )
    await _many(connection, drop, pairs)
    await _many(connection, insert(member_role), held)


async def see_agent(connection: AsyncConnection, seen: AgentSeen) -> None:
    """Remember which stored member Zos itself is."""
    is_it = member.c.id == seen.member.id
    await connection.execute(
        update(member).where(member.c.is_agent.is_(True), ~is_it).values(is_agent=False)
    )
    await connection.execute(update(member).where(is_it).values(is_agent=True))


async def agent_id(connection: AsyncConnection) -> int | None:
    """Return which member Zos itself is, or None as long as it never logged in."""
    return (
        await connection.execute(select(member.c.id).where(member.c.is_agent.is_(True)))
    ).scalar()


async def spaces_of(
    db: Database, connection: AsyncConnection, channel_ids: Collection[int]
) -> dict[int, Space]:
    """Return what kind of places channels are."""
    if not channel_ids:
        return {}
    query = select(channel.c.id, channel.c.kind, channel.c.parent_id)
    rows = await connection.execute(query.where(is_one_of(db, channel.c.id, channel_ids)))
    return {row.id: Space(row.kind == ChannelKind.THREAD, row.parent_id) for row in rows}


async def unbooked_threads(
    db: Database,
    connection: AsyncConnection,
    *,
    until: datetime | None = None,
    among: Collection[int] | None = None,
    limit: int | None = None,
) -> list[Thread]:
    """Return threads whose creation is not booked yet, earliest first, narrowed as asked."""
    query = select(
        channel.c.id,
        channel.c.server_id,
        channel.c.parent_id,
        channel.c.created_at,
        func.coalesce(channel.c.creator_id, 0).label("creator_id"),
    ).where(channel.c.booked.is_(False))
    if until is not None:
        query = query.where(channel.c.created_at <= until)
    if among is not None:
        query = query.where(is_one_of(db, channel.c.id, among))
    rows = await connection.execute(query.order_by(channel.c.created_at, channel.c.id).limit(limit))
    return [Thread(*row) for row in rows]


async def mark_threads_booked(
    db: Database, connection: AsyncConnection, threads: Sequence[Thread]
) -> None:
    """Remember that the threads' creation is in the ledger."""
    ids = [thread.id for thread in threads]
    if ids:
        change = update(channel).where(is_one_of(db, channel.c.id, ids))
        await connection.execute(change.values(booked=True))


def _member_row(sighting: Sighting) -> dict[str, Any]:
    shown = sighting.member
    name, display_name = storable(shown.name), storable(shown.display_name)
    everywhere = None if shown.global_name is None else storable(shown.global_name)
    return {
        "id": shown.id,
        "name": name,
        "display_name": display_name,
        "name_word": telling_word(name),
        "display_word": telling_word(display_name),
        "global_name": everywhere,
        "global_word": None if everywhere is None else telling_word(everywhere),
        "is_bot": shown.is_bot,
        "seen_at": sighting.at,
    }


async def _many(connection: AsyncConnection, statement: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(statement, rows)
