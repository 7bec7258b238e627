"""What is due: messages past their time, servers that were left. In bounded portions.

All functions work in the caller's transaction.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select

from zos.core.ids import snowflake_floor
from zos.db.tables import (
    channel,
    insight,
    member,
    member_role,
    membership,
    mention,
    message,
    reaction,
    server,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def messages_before(
    connection: AsyncConnection, moment: datetime, *, limit: int
) -> list[int]:
    """Return a portion of the messages older than `moment`, by id: that is by age, and needs no index."""
    query = select(message.c.id).where(
        message.c.id < snowflake_floor(moment), message.c.created_at < moment
    )
    return list((await connection.execute(query.order_by(message.c.id).limit(limit))).scalars())


async def servers_left_before(connection: AsyncConnection, moment: datetime) -> list[int]:
    """Return the servers that Zos left before `moment` and has not joined again."""
    query = select(server.c.id).where(server.c.left_at <= moment).order_by(server.c.id)
    return list((await connection.execute(query)).scalars())


async def was_left_before(connection: AsyncConnection, server_id: int, moment: datetime) -> bool:
    """Return whether that is (still) so of one server."""
    query = select(server.c.id).where(server.c.id == server_id, server.c.left_at <= moment)
    return (await connection.execute(query)).first() is not None


async def messages_of_server(
    connection: AsyncConnection, server_id: int, *, limit: int
) -> list[int]:
    """Return a portion of a server's messages."""
    channels = select(channel.c.id).where(channel.c.server_id == server_id)
    query = select(message.c.id).where(message.c.channel_id.in_(channels)).limit(limit)
    return list((await connection.execute(query)).scalars())


async def insights_of_server(
    connection: AsyncConnection, server_id: int, *, limit: int
) -> frozenset[str]:
    """Return a portion of a server's insights."""
    query = select(insight.c.id).where(insight.c.server_id == server_id).limit(limit)
    return frozenset((await connection.execute(query)).scalars())


async def delete_server(connection: AsyncConnection, server_id: int) -> int:
    """Delete a server with its channels; return how many members are in nothing any more, and went too."""
    for table in (member_role, membership):
        await connection.execute(delete(table).where(table.c.server_id == server_id))
    await connection.execute(delete(server).where(server.c.id == server_id))
    nowhere = (
        ~exists().where(message.c.author_id == member.c.id),
        ~exists().where(mention.c.member_id == member.c.id),
        ~exists().where(reaction.c.member_id == member.c.id),
        ~exists().where(membership.c.member_id == member.c.id),
        member.c.is_agent.is_(False),
    )
    return (await connection.execute(delete(member).where(*nowhere))).rowcount
