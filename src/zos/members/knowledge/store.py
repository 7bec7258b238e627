"""Who a member is here, and what they did: profile, counts by channel, topics. Reads only."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from zos.core.consent import ConsentState, ConsentView
from zos.core.topics import TopicKey
from zos.db.tables import (
    MICRO,
    channel,
    consent,
    erasure,
    member,
    member_role,
    membership,
    mention,
    message,
    reaction,
    server,
    topic,
)
from zos.members.model import (
    ChannelCount,
    Erasure,
    MemberRow,
    Presence,
    TopicStanding,
)
from zos.reflect.context import Gathered
from zos.reflect.finding import title_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Profile:
    """A member's row."""

    name: str
    display_name: str
    is_bot: bool
    is_agent: bool
    seen_at: datetime


async def profile_of(connection: AsyncConnection, member_id: int) -> Profile | None:
    """Return who a member is, or None if no event has shown them."""
    columns = (getattr(member.c, name) for name in Profile.__dataclass_fields__)
    row = (await connection.execute(select(*columns).where(member.c.id == member_id))).first()
    return None if row is None else Profile(*row)


async def erasure_of(connection: AsyncConnection, member_id: int) -> Erasure | None:
    """Return a member's erasure, or None."""
    row = (
        await connection.execute(select(erasure).where(erasure.c.member_id == member_id))
    ).first()
    return None if row is None else Erasure(**row._asdict())


async def presences(connection: AsyncConnection, member_id: int) -> tuple[Presence, ...]:
    """Return the servers that a member was seen or wrote in, with their roles."""
    roles: dict[int, list[int]] = defaultdict(list)
    held = select(member_role).where(member_role.c.member_id == member_id)
    for row in await connection.execute(held.order_by(member_role.c.role_id)):
        roles[row.server_id].append(row.role_id)
    seen = select(membership.c.server_id).where(membership.c.member_id == member_id)
    wrote = select(message.c.server_id).where(message.c.author_id == member_id).distinct()
    query = select(server.c.id, server.c.name).where(
        or_(server.c.id.in_(seen), server.c.id.in_(wrote), server.c.id.in_(list(roles)))
    )
    rows = await connection.execute(query.order_by(server.c.id))
    return tuple(Presence(row.id, row.name, tuple(roles[row.id])) for row in rows)


async def channel_counts(connection: AsyncConnection, member_id: int) -> tuple[ChannelCount, ...]:
    """Return how many messages of a member are stored by channel, most first."""
    count = func.count().label("messages")
    query = (
        select(
            channel.c.id,
            channel.c.name,
            channel.c.server_id,
            count,
            func.min(message.c.created_at),
            func.max(message.c.created_at),
        )
        .join(channel, channel.c.id == message.c.channel_id)
        .where(message.c.author_id == member_id)
        .group_by(channel.c.id)
        .order_by(count.desc(), channel.c.id)
    )
    return tuple(ChannelCount(*row) for row in await connection.execute(query))


async def reactions_given(connection: AsyncConnection, member_id: int) -> int:
    """Return how many reactions of a member stand."""
    return await _count(connection, reaction.c.member_id == member_id, _standing())


async def reactions_received(connection: AsyncConnection, member_id: int) -> int:
    """Return how many reactions stand on a member's messages."""
    query = select(func.coalesce(func.sum(reaction.c["count"]), 0)).join(
        message, message.c.id == reaction.c.message_id
    )
    received = query.where(message.c.author_id == member_id, _standing())
    return int((await connection.execute(received)).scalar_one())


async def mentions_of(connection: AsyncConnection, member_id: int) -> int:
    """Return how many stored messages mention a member."""
    return await _count(connection, mention.c.member_id == member_id)


async def topics_of(
    connection: AsyncConnection, member_id: int, consents: ConsentView
) -> tuple[TopicStanding, ...]:
    """Return the topics that are about a member, those with most attention first."""
    about = or_(topic.c.member_a == member_id, topic.c.member_b == member_id)
    query = select(topic).where(about).order_by(topic.c.balance.desc(), topic.c.key)
    rows = (await connection.execute(query)).all()
    keys = [TopicKey.parse(row.key) for row in rows]
    titles = await titles_for(connection, keys, member_id, consents)
    return tuple(
        TopicStanding(
            key=row.key,
            title=titles[key],
            balance=row.balance / MICRO,
            new_material=row.new_material,
            insight_count=row.insight_count,
            last_activity_at=row.last_activity_at,
            last_reflected_at=row.last_reflected_at,
        )
        for key, row in zip(keys, rows, strict=True)
    )


async def titles_for(
    connection: AsyncConnection,
    keys: Collection[TopicKey],
    member_id: int,
    consents: ConsentView,
) -> dict[TopicKey, str]:
    """Return what topics are called before `member_id`: they are named, and others if they may be."""
    people = {one for key in keys for one in key.members}
    places = {key.channel_id for key in keys if key.channel_id is not None}
    may_be_named = {one for one in people if one == member_id or consents.allows(one)}
    names = await _names(connection, select(member.c.id, member.c.display_name), may_be_named)
    channels = await _names(connection, select(channel.c.id, channel.c.name), places)
    return {key: title_of(key, names, channels, Gathered()) for key in keys}


async def page_of_members(
    connection: AsyncConnection,
    consents: ConsentView,
    *,
    after: int,
    limit: int,
    query: str = "",
) -> list[MemberRow]:
    """Return members by ascending id, with what they said and how many of their messages are stored.

    Args:
        connection: The transaction to read in.
        consents: Who may be thought about.
        after: Only ids above this one.
        limit: Rows, at most.
        query: Only those whose name holds this, in any case.
    """
    wrote = select(func.count()).where(message.c.author_id == member.c.id).scalar_subquery()
    last = select(func.max(message.c.created_at)).where(message.c.author_id == member.c.id)
    rows = (
        select(
            member.c.id,
            member.c.name,
            member.c.display_name,
            member.c.is_bot,
            wrote.label("messages"),
            last.scalar_subquery().label("last_message_at"),
            consent.c.state,
        )
        .join_from(member, consent, consent.c.member_id == member.c.id, isouter=True)
        .where(member.c.id > after)
    )
    if query:
        rows = rows.where(
            or_(
                member.c.name.icontains(query, autoescape=True),
                member.c.display_name.icontains(query, autoescape=True),
            )
        )
    found = await connection.execute(rows.order_by(member.c.id).limit(limit))
    return [_member_row(row, consents) for row in found]


def _member_row(row: Any, consents: ConsentView) -> MemberRow:
    return MemberRow(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        is_bot=row.is_bot,
        messages=row.messages,
        last_message_at=row.last_message_at,
        state=None if row.state is None else ConsentState(row.state),
        allowed=consents.allows(row.id),
    )


def _standing() -> ColumnElement[bool]:
    return reaction.c.removed_at.is_(None)


async def _count(connection: AsyncConnection, *conditions: ColumnElement[bool]) -> int:
    query = select(func.count()).where(*conditions)
    return (await connection.execute(query)).scalar_one()


async def _names(
    connection: AsyncConnection, query: Select[Any], wanted: Collection[int]
) -> dict[int, str]:
    if not wanted:
        return {}
    rows = await connection.execute(query.where(query.selected_columns.id.in_(wanted)))
    return {row[0]: row[1] for row in rows}
