"""How far each archive file has come in, kept in the transactions that brought it there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from zos.db.tables import import_file, member

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database


@dataclass(frozen=True, slots=True)
class FileProgress:
    """How far a file, known by the SHA-256 of its bytes, has come in.

    Attributes:
        messages_done: Taken from its beginning and committed.
        awaiting_consent: Direct messages of it that were left out.
    """

    messages_done: int
    awaiting_consent: int
    finished_at: datetime | None

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing more to take from it."""
        return self.finished_at is not None and not self.awaiting_consent


async def progress_of(connection: AsyncConnection, fingerprint: str) -> FileProgress | None:
    """Return how far a file has come in, or None if it never began to."""
    query = select(
        import_file.c.messages_done, import_file.c.awaiting_consent, import_file.c.finished_at
    ).where(import_file.c.fingerprint == fingerprint)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else FileProgress(*row)


async def begin(
    db: Database, connection: AsyncConnection, fingerprint: str, name: str, at: datetime
) -> None:
    """Note that a file begins to come in, or, if it was finished, that it comes in again."""
    add = db.insert(import_file).values(
        fingerprint=fingerprint,
        name=name,
        messages_done=0,
        messages_new=0,
        awaiting_consent=0,
        started_at=at,
    )
    again = add.on_conflict_do_update(
        index_elements=[import_file.c.fingerprint],
        set_={"messages_done": 0, "awaiting_consent": 0, "finished_at": None},
        where=import_file.c.finished_at.is_not(None),
    )
    await connection.execute(again)


async def advance(
    connection: AsyncConnection, fingerprint: str, *, done: int, new: int, awaiting_consent: int
) -> None:
    """Note that `done` more messages were taken, `new` of which were new."""
    table = import_file
    change = update(table).where(table.c.fingerprint == fingerprint)
    await connection.execute(
        change.values(
            messages_done=table.c.messages_done + done,
            messages_new=table.c.messages_new + new,
            awaiting_consent=table.c.awaiting_consent + awaiting_consent,
        )
    )


async def finish(connection: AsyncConnection, fingerprint: str, at: datetime) -> None:
    """Note that a file is in."""
    change = update(import_file).where(import_file.c.fingerprint == fingerprint)
    await connection.execute(change.values(finished_at=at))


async def count_members(connection: AsyncConnection) -> int:
    """Return how many members are known."""
    return (await connection.execute(select(func.count()).select_from(member))).scalar_one()
