"""Who a member is here, and what they did: profile, counts by channel, topics. Reads only."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Select, bindparam, func, or_, select

from zos.core.consent import ConsentState, ConsentView
from zos.core.topics import TopicKey
from zos.db.sets import one_of
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
    MessageCounts,
    Presence,
    TopicStanding,
)
from zos.reflect.context import Gathered
from zos.reflect.finding import title_of
from zos.reflect.places.store import places_named

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.consent.store import ConsentStore


@dataclass(frozen=True, slots=True)
class Profile:
    """A member's row."""

    name: str
    display_name: str
    global_name: str | None
    is_bot: bool
    is_agent: bool
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a member reacted, was reacted to (as far as it stands), and was mentioned."""

    reactions_given: int
    reactions_received: int
    mentions: int


async def profile_of(connection: AsyncConnection, member_id: int) -> Profile | None:
    """Return who a member is, or None if no event has shown them."""
    row = (await connection.execute(_PROFILE, {"member": member_id})).first()
    return None if row is None else Profile(*row)


async def erasure_of(connection: AsyncConnection, member_id: int) -> Erasure | None:
    """Return a member's erasure, or None."""
    row = (await connection.execute(_ERASURE, {"member": member_id})).first()
    return None if row is None else Erasure(**row._asdict())


async def presences(connection: AsyncConnection, member_id: int) -> tuple[Presence, ...]:
    """Return the servers that a member was seen or wrote in, with their roles."""
    roles: dict[int, list[int]] = defaultdict(list)
    for row in await connection.execute(_ROLES, {"member": member_id}):
        roles[row.server_id].append(row.role_id)
    rows = await connection.execute(_SERVERS, {"member": member_id})
    return tuple(Presence(row.id, row.name, tuple(roles[row.id])) for row in rows)


async def message_counts(
    connection: AsyncConnection, member_id: int, consents: ConsentStore
) -> MessageCounts:
    """Return how many messages of a member are stored, by channel, most first."""
    rows = await connection.execute(_CHANNEL_COUNTS, {"member": member_id})
    counts = [ChannelCount(*row) for row in rows]
    places = await places_named(connection, [one.channel_id for one in counts], consents)
    return MessageCounts.of(tuple(replace(one, channel=places[one.channel_id]) for one in counts))


async def counts_of(connection: AsyncConnection, member_id: int) -> Counts:
    """Return how often a member reacted, was reacted to and was mentioned."""
    return Counts(*(await connection.execute(_COUNTS, {"member": member_id})).one())


_MEMBER = bindparam("member", type_=BigInteger)
_PROFILE = select(*(member.c[name] for name in Profile.__dataclass_fields__)).where(
    member.c.id == _MEMBER
)
_ERASURE = select(erasure).where(erasure.c.member_id == _MEMBER)
_ROLES = (
    select(member_role).where(member_role.c.member_id == _MEMBER).order_by(member_role.c.role_id)
)
_SERVERS = (
    select(server.c.id, server.c.name)
    .where(
        or_(
            server.c.id.in_(
                select(membership.c.server_id).where(membership.c.member_id == _MEMBER)
            ),
            server.c.id.in_(select(message.c.server_id).where(message.c.author_id == _MEMBER)),
            server.c.id.in_(
                select(member_role.c.server_id).where(member_role.c.member_id == _MEMBER)
            ),
        )
    )
    .order_by(server.c.id)
)
_MESSAGES = func.count().label("messages")
_CHANNEL_COUNTS = (
    select(
        channel.c.id,
        channel.c.name,
        channel.c.server_id,
        _MESSAGES,
        func.min(message.c.created_at),
        func.max(message.c.created_at),
    )
    .join(channel, channel.c.id == message.c.channel_id)
    .where(message.c.author_id == _MEMBER)
    .group_by(channel.c.id)
    .order_by(_MESSAGES.desc(), channel.c.id)
)
_STANDS = reaction.c.removed_at.is_(None)
_COUNTS = select(
    select(func.count()).where(reaction.c.member_id == _MEMBER, _STANDS).scalar_subquery(),
    select(func.coalesce(func.sum(reaction.c["count"]), 0))
    .join(message, message.c.id == reaction.c.message_id)
    .where(message.c.author_id == _MEMBER, _STANDS)
    .scalar_subquery(),
    select(func.count()).where(mention.c.member_id == _MEMBER).scalar_subquery(),
)


async def topics_of(
    connection: AsyncConnection, member_id: int, consents: ConsentStore
) -> tuple[TopicStanding, ...]:
    """Return the topics that are about a member, those with most attention first."""
    rows = (await connection.execute(_TOPICS, {"member": member_id})).all()
    keys = [TopicKey.parse(row.key) for row in rows]
    view = await consents.view(connection, among={one for key in keys for one in key.members})
    titles = await titles_for(connection, keys, member_id, view, consents)
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


_TOPICS = (
    select(topic)
    .where(or_(topic.c.member_a == _MEMBER, topic.c.member_b == _MEMBER))
    .order_by(topic.c.balance.desc(), topic.c.key)
)


async def titles_for(
    connection: AsyncConnection,
    keys: Collection[TopicKey],
    member_id: int,
    consent: ConsentView,
    consents: ConsentStore,
) -> dict[TopicKey, str]:
    """Return what topics are called before `member_id`: they are named, and others if they may be."""
    people = {one for key in keys for one in key.members}
    places = {key.channel_id for key in keys if key.channel_id is not None}
    may_be_named = {one for one in people if one == member_id or consent.allows(one)}
    names = await _names(connection, _PEOPLE, may_be_named)
    channels = await places_named(connection, places, consents)
    return {key: title_of(key, names, channels, Gathered()) for key in keys}


_PEOPLE = select(member.c.id, member.c.display_name).where(one_of(member.c.id, "ids"))


async def page_of_members(
    connection: AsyncConnection,
    consents: ConsentStore,
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
    found = (await connection.execute(rows.order_by(member.c.id).limit(limit))).all()
    view = await consents.view(connection, among={row.id for row in found})
    return [_member_row(row, view) for row in found]


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


async def _names(
    connection: AsyncConnection, query: Select[Any], wanted: Collection[int]
) -> dict[int, str]:
    if not wanted:
        return {}
    return {row[0]: row[1] for row in await connection.execute(query, {"ids": wanted})}
