"""Writing messages: each id once, the newest text stands, what is deleted stays deleted.

All functions work in the caller's write transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, insert, select, text, update

from zos.core.scopes import Scope
from zos.db.sets import is_one_of
from zos.db.tables import emoji_use, mention, message, message_deletion, role_mention
from zos.observe.content import Details, storable
from zos.observe.events import MessageCreated, MessageEdited

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database

_OBSERVERS_LOCK = 0x7A6F73_6F62  # "zosob"; PostgreSQL's advisory locks are numbers


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stored message stands, and whose it is."""

    id: int
    server_id: int | None
    channel_id: int
    author_id: int


async def take_turn(db: Database, connection: AsyncConnection) -> None:
    """Wait until no other transaction, in any process, observes; SQLite's write lock does that already."""
    if not db.is_sqlite:
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_OBSERVERS_LOCK})"))


async def deleted_among(
    db: Database, connection: AsyncConnection, ids: Collection[int]
) -> set[int]:
    """Return which of `ids` were deleted and must not come back."""
    if not ids:
        return set()
    query = select(message_deletion.c.message_id).where(
        is_one_of(db, message_deletion.c.message_id, ids)
    )
    return set((await connection.execute(query)).scalars())


async def places_of(
    db: Database, connection: AsyncConnection, ids: Collection[int]
) -> dict[int, Place]:
    """Return where those of the messages `ids` stand that are stored."""
    if not ids:
        return {}
    columns = (message.c.id, message.c.server_id, message.c.channel_id, message.c.author_id)
    rows = await connection.execute(select(*columns).where(is_one_of(db, message.c.id, ids)))
    return {row.id: Place(*row) for row in rows}


async def insert_messages(
    db: Database,
    connection: AsyncConnection,
    messages: Mapping[int, tuple[MessageCreated, Details]],
    *,
    booked: bool,
    erased: Collection[int],
) -> dict[int, int | None]:
    """Store those of `messages` that are new, and link replies to their authors, both ways.

    Args:
        db: The store.
        connection: A write transaction in which their channels and authors are stored.
        messages: By id; none of a deleted id or of an erased member.
        booked: Whether their salience is booked in the same transaction.
        erased: Members of whom no mention may be kept.

    Returns:
        Which were new, with the author whom each answers, if known.
    """
    if not messages:
        return {}
    answered = await _authors_answered(
        db, connection, [pair[0] for pair in messages.values()], erased
    )
    rows = [_message_row(*pair, answered, booked=booked) for pair in messages.values()]
    add = db.insert(message).on_conflict_do_nothing().returning(message.c.id)
    new = set((await connection.execute(add, rows)).scalars())
    fresh = {key: messages[key][1] for key in messages if key in new}
    await _insert_references(connection, fresh, erased)
    await _answer_waiting(db, connection, fresh)
    return {key: answered.get(key) for key in fresh}


async def edit_messages(
    db: Database,
    connection: AsyncConnection,
    edits: Iterable[tuple[MessageEdited, Details]],
    erased: Collection[int],
) -> int:
    """Replace the text of stored messages that have an older one; return how many had."""
    newest = {
        edit.id: (edit, read) for edit, read in sorted(edits, key=lambda one: one[0].edited_at)
    }
    if not newest:
        return 0
    query = select(message.c.id, message.c.edited_at).where(is_one_of(db, message.c.id, newest))
    stored = (await connection.execute(query)).all()
    changed = {
        key: newest[key]
        for key, edited_at in stored
        if edited_at is None or edited_at < newest[key][0].edited_at
    }
    if changed:
        await _rewrite(db, connection, changed, erased)
    return len(changed)


async def delete_messages(
    db: Database, connection: AsyncConnection, deleted_at: Mapping[int, datetime]
) -> int:
    """Delete messages with all that hangs on them, for good; return how many were stored."""
    if not deleted_at:
        return 0
    rows = [{"message_id": key, "deleted_at": deleted_at[key]} for key in sorted(deleted_at)]
    await connection.execute(db.insert(message_deletion).on_conflict_do_nothing(), rows)
    gone = delete(message).where(is_one_of(db, message.c.id, deleted_at))
    return (await connection.execute(gone)).rowcount


async def _authors_answered(
    db: Database,
    connection: AsyncConnection,
    messages: Sequence[MessageCreated],
    erased: Collection[int],
) -> dict[int, int | None]:
    here = {one.id: one.author.id for one in messages}
    wanted = {one.reply_to_id for one in messages if one.reply_to_id is not None} - here.keys()
    stored = await places_of(db, connection, wanted)
    answered: dict[int, int | None] = {}
    for one in messages:
        if one.reply_to_id is None:
            continue
        found = stored.get(one.reply_to_id)
        known = found.author_id if found else here.get(one.reply_to_id, one.reply_to_author_id)
        answered[one.id] = None if known in erased else known
    return answered


async def _answer_waiting(db: Database, connection: AsyncConnection, new: Collection[int]) -> None:
    """Tell stored replies whom they answer, where what they answer came in after them."""
    if not new:
        return
    answered = message.alias("answered")
    author = select(answered.c.author_id).where(answered.c.id == message.c.reply_to_id)
    waiting = (
        message.c.reply_to_id.is_not(None),
        is_one_of(db, message.c.reply_to_id, new),
        message.c.reply_to_author_id.is_(None),
    )
    change = update(message).where(*waiting)
    await connection.execute(change.values(reply_to_author_id=author.scalar_subquery()))


async def _insert_references(
    connection: AsyncConnection, messages: Mapping[int, Details], erased: Collection[int]
) -> None:
    mentions = [
        {"message_id": key, "member_id": member_id}
        for key, read in messages.items()
        for member_id in read.mention_ids
        if member_id not in erased
    ]
    emoji = [
        {"message_id": key, "emoji_id": one.id, "name": storable(one.name)}
        for key, read in messages.items()
        for one in read.emoji
    ]
    roles = [
        {"message_id": key, "role_id": role_id}
        for key, read in messages.items()
        for role_id in read.role_ids
    ]
    for table, rows in ((mention, mentions), (emoji_use, emoji), (role_mention, roles)):
        if rows:
            await connection.execute(insert(table), rows)


async def _rewrite(
    db: Database,
    connection: AsyncConnection,
    changed: Mapping[int, tuple[MessageEdited, Details]],
    erased: Collection[int],
) -> None:
    change = (
        update(message)
        .where(message.c.id == bindparam("message"))
        .values(
            content=bindparam("text"),
            edited_at=bindparam("moment"),
            has_media=bindparam("media"),
        )
    )
    rows = [
        {"message": key, "text": read.text, "moment": edit.edited_at, "media": read.has_media}
        for key, (edit, read) in changed.items()
    ]
    await connection.execute(change, rows)
    for table in (mention, emoji_use, role_mention):
        await connection.execute(delete(table).where(is_one_of(db, table.c.message_id, changed)))
    await _insert_references(connection, {key: read for key, (_, read) in changed.items()}, erased)


def _message_row(
    one: MessageCreated, read: Details, answered: Mapping[int, int | None], *, booked: bool
) -> dict[str, Any]:
    return {
        "id": one.id,
        "server_id": one.server_id,
        "channel_id": one.channel_id,
        "author_id": one.author.id,
        "created_at": one.created_at,
        "edited_at": one.edited_at,
        "content": read.text,
        "reply_to_id": one.reply_to_id,
        "reply_to_author_id": answered.get(one.id),
        "has_media": read.has_media,
        "is_bot": one.author.is_bot,
        "scope": (Scope.DM if one.server_id is None else Scope.PUBLIC).value,
        "booked": booked,
    }
