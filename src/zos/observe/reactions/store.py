"""Writing reactions: each member's once for a message and emoji, taken back ones kept aside.

All functions work in the caller's write transaction, on reactions whose messages are stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select, tuple_, update

from zos.db.sets import is_one_of
from zos.db.tables import reaction
from zos.observe.batches import batches
from zos.observe.events import (
    Emoji,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
    ReactionsCounted,
)
from zos.observe.reactions.register import Change, Standing, settle

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database

Key = tuple[int, str, int]
"""Message, emoji, member."""

_NOBODY = 0
_KEYS_PER_STATEMENT = 1_000
_AT = attrgetter("at")
_KEY = (reaction.c.message_id, reaction.c.emoji, reaction.c.member_id)


async def change_reactions(
    db: Database,
    connection: AsyncConnection,
    added: Sequence[ReactionAdded],
    removed: Sequence[ReactionRemoved],
    cleared: Sequence[ReactionsCleared],
    *,
    booked: bool,
) -> list[ReactionAdded]:
    """Apply what happened to reactions; return those that are new, as they were first given.

    Args:
        db: The store.
        connection: A write transaction.
        added: Reactions given, their members stored and none of them erased.
        removed: Reactions taken back.
        cleared: Messages that lost all reactions, or all with one emoji.
        booked: Whether the new ones' salience is booked in the same transaction.
    """
    changes = _changes(added, removed, cleared)
    first = {_key(one): one for one in sorted(added, key=_AT, reverse=True)}
    given = {key: settle(None, changes[key]) for key in first}
    rows = [
        _row(first[key], key[2], 1, standing, booked=booked)
        for key, standing in sorted(given.items())
        if standing is not None
    ]
    new = await _insert(db, connection, rows)
    await _resettle(connection, {key: some for key, some in changes.items() if key not in new})
    await _clear(connection, cleared)
    return [first[key] for key in sorted(new)]


async def count_reactions(
    db: Database, connection: AsyncConnection, counted: Sequence[ReactionsCounted], *, booked: bool
) -> list[ReactionsCounted]:
    """Store how many reacted where no reaction with that emoji is stored yet; return those."""
    wanted = {(one.message_id, one.emoji.key): one for one in reversed(counted)}
    if not wanted:
        return []
    stored = select(reaction.c.message_id, reaction.c.emoji).where(
        is_one_of(db, reaction.c.message_id, {message_id for message_id, _ in wanted})
    )
    known = {tuple(row) for row in await connection.execute(stored.distinct())}
    new = [one for key, one in sorted(wanted.items()) if key not in known]
    rows = [_row(one, _NOBODY, one.count, Standing(one.at), booked=booked) for one in new]
    await _insert(db, connection, rows)
    return new


async def drop_counted(connection: AsyncConnection, pairs: Collection[tuple[int, Emoji]]) -> None:
    """Forget mere counts for (message, emoji), because now it is known who reacted."""
    keys = sorted({(message_id, emoji.key, _NOBODY) for message_id, emoji in pairs})
    for some in batches(keys, _KEYS_PER_STATEMENT):
        await connection.execute(delete(reaction).where(tuple_(*_KEY).in_(some)))


def _changes(
    added: Sequence[ReactionAdded],
    removed: Sequence[ReactionRemoved],
    cleared: Sequence[ReactionsCleared],
) -> dict[Key, list[Change]]:
    changes: dict[Key, list[Change]] = defaultdict(list)
    for one in added:
        changes[_key(one)].append(Change(one.at, given=True))
    for gone in removed:
        changes[gone.message_id, gone.emoji.key, gone.member_id].append(
            Change(gone.at, given=False)
        )
    on_message: dict[int, list[Key]] = defaultdict(list)
    for key in changes:
        on_message[key[0]].append(key)
    for sweep in cleared:
        for key in on_message.get(sweep.message_id, ()):
            if sweep.emoji is None or sweep.emoji.key == key[1]:
                changes[key].append(Change(sweep.at, given=False))
    return changes


async def _insert(
    db: Database, connection: AsyncConnection, rows: list[dict[str, Any]]
) -> set[Key]:
    if not rows:
        return set()
    add = db.insert(reaction).on_conflict_do_nothing().returning(*_KEY)
    return {tuple(row) for row in await connection.execute(add, rows)}


async def _resettle(connection: AsyncConnection, changes: Mapping[Key, list[Change]]) -> None:
    updates = []
    for some in batches(sorted(changes), _KEYS_PER_STATEMENT):
        query = select(*_KEY, reaction.c.reacted_at, reaction.c.removed_at)
        for row in await connection.execute(query.where(tuple_(*_KEY).in_(some))):
            before = Standing(row.reacted_at, row.removed_at)
            now = settle(before, changes[row.message_id, row.emoji, row.member_id])
            if now is not None and now != before:
                updates.append(_keyed(row, now))
    change = update(reaction).where(
        reaction.c.message_id == bindparam("message"),
        reaction.c.emoji == bindparam("which"),
        reaction.c.member_id == bindparam("who"),
    )
    if updates:
        change = change.values(reacted_at=bindparam("given"), removed_at=bindparam("taken"))
        await connection.execute(change, updates)


async def _clear(connection: AsyncConnection, cleared: Sequence[ReactionsCleared]) -> None:
    for only_one, condition in ((False, []), (True, [reaction.c.emoji == bindparam("which")])):
        rows = [
            {"message": one.message_id, "moment": one.at}
            | ({"which": one.emoji.key} if one.emoji else {})
            for one in sorted(cleared, key=_AT)
            if (one.emoji is not None) is only_one
        ]
        if rows:
            change = update(reaction).where(
                reaction.c.message_id == bindparam("message"),
                reaction.c.removed_at.is_(None),
                reaction.c.reacted_at <= bindparam("moment"),
                *condition,
            )
            await connection.execute(change.values(removed_at=bindparam("moment")), rows)


def _key(one: ReactionAdded) -> Key:
    return one.message_id, one.emoji.key, one.member.id


def _keyed(row: Any, now: Standing) -> dict[str, Any]:
    return {
        "message": row.message_id,
        "which": row.emoji,
        "who": row.member_id,
        "given": now.reacted_at,
        "taken": now.removed_at,
    }


def _row(
    one: ReactionAdded | ReactionsCounted,
    member_id: int,
    count: int,
    standing: Standing,
    *,
    booked: bool,
) -> dict[str, Any]:
    return {
        "message_id": one.message_id,
        "emoji": one.emoji.key,
        "member_id": member_id,
        "emoji_id": one.emoji.id,
        "emoji_name": one.emoji.name,
        "count": count,
        "reacted_at": standing.reacted_at,
        "removed_at": standing.removed_at,
        "booked": booked,
    }
