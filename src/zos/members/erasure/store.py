"""The rows of an erasure: the tombstone with its receipt, and the deletes, a bounded portion at a time.

All functions work in the caller's write transaction, and each adds what it deleted to the receipt, so
that an erasure that is interrupted goes on where it stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Text, and_, cast, delete, exists, func, not_, select, true, union, update

from zos.core.ids import new_ulid
from zos.core.topics import TopicKey
from zos.db.sets import is_one_of
from zos.db.tables import (
    channel,
    consent,
    dispute,
    erasure,
    layer_run,
    member,
    membership,
    mention,
    message,
    message_deletion,
    model_call,
    model_call_member,
    reaction,
    run_target,
    selection,
    topic,
)
from zos.reflect.outbox.withdrawal.store import take_back_calling
from zos.reflect.states import RunStatus, TargetStatus

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database

TOUCHED = (
    "message",
    "mention",
    "reaction",
    "emoji_use",
    "role_mention",
    "subject_mention",
    "channel",
    "member",
    "membership",
    "member_role",
    "consent",
    "topic",
    "salience_entry",
    "insight",
    "insight_source",
    "insight_member",
    "dispute",
    "self_concept_version",
    "selection",
    "run_target",
    "model_call",
    "model_call_member",
    "outbox",
    "outbox_insight",
    "outbox_member",
)
"""Tables that rows were deleted from, or changed in, by an erasure."""

_AT_WORK = and_(
    run_target.c.status.in_([one.value for one in TargetStatus if not one.is_final]),
    exists().where(
        layer_run.c.id == run_target.c.run_id,
        layer_run.c.status.in_([one.value for one in RunStatus if not one.is_final]),
    ),
)


@dataclass(frozen=True, slots=True)
class Words:
    """A message that is about to go; `private_channel_id` is its direct conversation, if it is of one."""

    id: int
    text: str
    private_channel_id: int | None


async def open_erasure(
    database: Database, connection: AsyncConnection, member_id: int, *, by: str, now: datetime
) -> None:
    """Set the tombstone, unless it stands. What the member said about consent is dropped.

    Texts that call them by name are taken back: later their name would not be known any more.
    """
    row = {
        "id": new_ulid(now),
        "member_id": member_id,
        "requested_at": now,
        "requested_by": by,
        "receipt": {},
    }
    add = database.insert(erasure).on_conflict_do_nothing(index_elements=[erasure.c.member_id])
    await connection.execute(add, row)
    await connection.execute(delete(consent).where(consent.c.member_id == member_id))
    query = select(erasure.c.id).where(erasure.c.member_id == member_id)
    erasure_id = (await connection.execute(query)).scalar_one()
    sent = await take_back_calling(database, connection, member_id, erasure_id=erasure_id, now=now)
    await note(connection, erasure_id, sent)


async def unfinished(connection: AsyncConnection) -> list[tuple[int, str]]:
    """Return the member and requester of each erasure that is not complete, oldest first."""
    query = select(erasure.c.member_id, erasure.c.requested_by)
    rows = await connection.execute(
        query.where(erasure.c.completed_at.is_(None)).order_by(erasure.c.id)
    )
    return [(row.member_id, row.requested_by) for row in rows]


async def complete(connection: AsyncConnection, erasure_id: str, now: datetime) -> None:
    """Close an erasure."""
    done = update(erasure).where(erasure.c.id == erasure_id, erasure.c.completed_at.is_(None))
    await connection.execute(done.values(completed_at=now))


async def note(connection: AsyncConnection, erasure_id: str, gone: Mapping[str, int]) -> None:
    """Add counts of what went to the receipt."""
    added = {name: count for name, count in gone.items() if count}
    if not added:
        return
    query = select(erasure.c.receipt).where(erasure.c.id == erasure_id).with_for_update()
    receipt = Counter((await connection.execute(query)).scalar_one())
    receipt.update(added)
    change = update(erasure).where(erasure.c.id == erasure_id)
    await connection.execute(change.values(receipt=dict(sorted(receipt.items()))))


async def servers_of(connection: AsyncConnection, member_id: int) -> frozenset[int]:
    """Return the servers in which anything tells of the member. An archive's authors have no membership."""
    written = select(message.c.server_id)
    told = union(
        select(membership.c.server_id).where(membership.c.member_id == member_id),
        written.where(message.c.author_id == member_id),
        written.where(message.c.reply_to_author_id == member_id),
        written.join(mention).where(mention.c.member_id == member_id),
        written.join(reaction).where(reaction.c.member_id == member_id),
        *(
            select(topic.c.server_id).where(column == member_id)
            for column in (topic.c.member_a, topic.c.member_b)
        ),
    )
    return frozenset((await connection.execute(told)).scalars()) - {None}


async def count_messages(connection: AsyncConnection, member_id: int) -> int:
    """Return how many messages of the member are still to go."""
    query = select(func.count()).where(message.c.author_id == member_id)
    return (await connection.execute(query)).scalar_one()


async def next_messages(connection: AsyncConnection, member_id: int, *, limit: int) -> list[Words]:
    """Return a portion of the messages to go: first what was said to the member in private, then theirs."""
    columns = (message.c.id, message.c.channel_id, message.c.server_id, message.c.content)
    private = select(message.c.channel_id).where(
        message.c.author_id == member_id, message.c.server_id.is_(None)
    )
    to_them = (message.c.author_id != member_id) & message.c.channel_id.in_(private)
    for which in (to_them, message.c.author_id == member_id):
        rows = (await connection.execute(select(*columns).where(which).limit(limit))).all()
        if rows:
            return [
                Words(row.id, row.content, row.channel_id if row.server_id is None else None)
                for row in rows
            ]
    return []


async def delete_messages(
    database: Database, connection: AsyncConnection, words: Sequence[Words], now: datetime
) -> dict[str, int]:
    """Delete messages with what hangs on them, and direct conversations of which nothing is left.

    The tombstone keeps out what the member wrote; what was said to them in private is marked as deleted.
    """
    gone = await delete_rows(database, connection, [one.id for one in words])
    said_in_private = [one.id for one in words if one.private_channel_id is not None]
    if said_in_private:
        rows = [{"message_id": one, "deleted_at": now} for one in said_in_private]
        await connection.execute(database.insert(message_deletion).on_conflict_do_nothing(), rows)
    private = {one.private_channel_id for one in words} - {None}
    is_empty = ~exists().where(message.c.channel_id == channel.c.id)
    conversations = delete(channel).where(channel.c.id.in_(private), is_empty)
    return {**gone, "direct_conversations": (await connection.execute(conversations)).rowcount}


async def delete_rows(
    database: Database, connection: AsyncConnection, ids: Collection[int]
) -> dict[str, int]:
    """Delete messages with what hangs on them."""
    here = is_one_of(database, reaction.c.message_id, ids)
    reactions = await connection.execute(delete(reaction).where(here))
    gone = await connection.execute(delete(message).where(is_one_of(database, message.c.id, ids)))
    return {"messages": gone.rowcount, "reactions": reactions.rowcount}


async def delete_reactions(
    database: Database, connection: AsyncConnection, member_id: int, *, limit: int
) -> int:
    """Delete a portion of the reactions that a member gave; return how many went."""
    some = select(reaction.c.message_id).where(reaction.c.member_id == member_id).limit(limit)
    ids = list((await connection.execute(some)).scalars())
    here = is_one_of(database, reaction.c.message_id, ids)
    gone = delete(reaction).where(reaction.c.member_id == member_id, here)
    return (await connection.execute(gone)).rowcount


async def delete_references(connection: AsyncConnection, member_id: int) -> dict[str, int]:
    """Delete that others mention the member, and forget whom others answered there."""
    mentions = await connection.execute(delete(mention).where(mention.c.member_id == member_id))
    answers = update(message).where(message.c.reply_to_author_id == member_id)
    answered = await connection.execute(answers.values(reply_to_author_id=None))
    disputes = await connection.execute(delete(dispute).where(dispute.c.member_id == member_id))
    return {
        "mentions": mentions.rowcount,
        "replies_unlinked": answered.rowcount,
        "disputes": disputes.rowcount,
    }


async def delete_from_runs(
    database: Database, connection: AsyncConnection, topic_keys: Collection[str]
) -> dict[str, int]:
    """Delete that runs considered topics, or reflected on them."""
    considered = delete(selection).where(is_one_of(database, selection.c.topic_key, topic_keys))
    targets = delete(run_target).where(
        is_one_of(database, run_target.c.topic_key, topic_keys), not_(_AT_WORK)
    )
    return {
        "selections": (await connection.execute(considered)).rowcount,
        "run_targets": (await connection.execute(targets)).rowcount,
    }


async def topics_in_runs(connection: AsyncConnection, member_id: int) -> list[str]:
    """Return the topics about a member that runs considered, or have reflected on, whether or not they still exist."""
    found: set[str] = set()
    for key, which in (
        (selection.c.topic_key, true()),
        (run_target.c.topic_key, not_(_AT_WORK)),
    ):
        query = select(key).distinct().where(key.contains(f":{member_id}", autoescape=True), which)
        found.update((await connection.execute(query)).scalars())
    return sorted(one for one in found if member_id in TopicKey.parse(one).members)


async def delete_from_calls(connection: AsyncConnection, member_id: int) -> int:
    """Forget which model calls were shown words of the member, and the hashes of these prompts.

    The calls themselves stay with their costs: they hold no words.
    """
    shown = select(model_call_member.c.call_id).where(model_call_member.c.member_id == member_id)
    calls = update(model_call).where(model_call.c.id.in_(shown))
    count = (await connection.execute(calls.values(prompt_hash=""))).rowcount
    gone = delete(model_call_member).where(model_call_member.c.member_id == member_id)
    await connection.execute(gone)
    return count


async def delete_profile(connection: AsyncConnection, member_id: int) -> dict[str, int]:
    """Delete who the member is: names, roles, direct conversation, threads' authorship and names."""
    opened = update(channel).where(channel.c.creator_id == member_id)
    titles = await connection.execute(
        opened.values(creator_id=None, name=cast(channel.c.id, Text), description="")
    )
    person = await connection.execute(delete(member).where(member.c.id == member_id))
    return {"threads_renamed": titles.rowcount, "profiles": person.rowcount}


async def open_targets(connection: AsyncConnection, member_id: int) -> list[str]:
    """Return the runs that work on a topic about the member at this moment."""
    query = select(run_target.c.run_id, run_target.c.topic_key).where(_AT_WORK)
    rows = (await connection.execute(query)).all()
    return sorted(
        {row.run_id for row in rows if member_id in TopicKey.parse(row.topic_key).members}
    )
