"""Insights' texts, read portion by portion and put in other words. Reads take no write transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, bindparam, select, update

from zos.db.sets import is_one_of
from zos.db.tables import insight

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database


@dataclass(frozen=True, slots=True)
class Texts:
    """What an insight says and asks; `seq` is its position, `origin` the (run, target) that it came from."""

    seq: int
    origin: tuple[str, str]
    content: str
    open_questions: tuple[str, ...]


async def texts_after(
    connection: AsyncConnection, seq: int, *, near: Collection[int] | None, limit: int
) -> list[Texts]:
    """Return the next `limit` insights' texts after a position.

    Args:
        connection: The database.
        seq: The position.
        near: Servers: of others, no text is returned. None: whatever the server.
        limit: How many at most.
    """
    is_next = insight.c.seq > seq
    if near is not None:
        is_next &= insight.c.server_id.is_(None) | insight.c.server_id.in_(near)
    return await _texts(connection, _TEXTS.where(is_next).limit(limit))


async def texts_at(
    database: Database, connection: AsyncConnection, seqs: Collection[int]
) -> list[Texts]:
    """Return the texts at these positions as they are now; nobody changes them before the caller has."""
    there = is_one_of(database, insight.c.seq, seqs)
    return await _texts(connection, _TEXTS.where(there).with_for_update())


_TEXTS = select(
    insight.c.seq,
    insight.c.run_id,
    insight.c.target_id,
    insight.c.content,
    insight.c.open_questions,
).order_by(insight.c.seq)


async def _texts(connection: AsyncConnection, query: Select[Any]) -> list[Texts]:
    return [
        Texts(row.seq, (row.run_id, row.target_id), row.content, tuple(row.open_questions))
        for row in await connection.execute(query)
    ]


def reworded(texts: Iterable[Texts], word: Callable[[str], str]) -> Iterator[Texts]:
    """Yield those of `texts` that `word` changes, changed."""
    for one in texts:
        questions = tuple(map(word, one.open_questions))
        new = replace(one, content=word(one.content), open_questions=questions)
        if new != one:
            yield new


async def put_texts(connection: AsyncConnection, texts: Iterable[Texts]) -> None:
    """Put texts in the place of those that are there, in the caller's write transaction."""
    change = (
        update(insight)
        .where(insight.c.seq == bindparam("position"))
        .values(content=bindparam("said"), open_questions=bindparam("asked"))
    )
    rows = [
        {"position": one.seq, "said": one.content, "asked": [*one.open_questions]} for one in texts
    ]
    await connection.execute(change, rows)
