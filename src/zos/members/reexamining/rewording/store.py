"""Insights' texts, read portion by portion and put in other words. Reads take no write transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, update

from zos.db.tables import insight, membership

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Texts:
    """What an insight says and asks; `seq` is its position, `origin` the (run, target) that it came from."""

    seq: int
    origin: tuple[str, str]
    content: str
    open_questions: tuple[str, ...]


async def texts_after(
    connection: AsyncConnection, seq: int, *, near: int, limit: int
) -> list[Texts]:
    """Return the next `limit` insights' texts after a position.

    Args:
        connection: The database.
        seq: The position.
        near: A member: of servers in which they were never seen, no text is returned.
        limit: How many at most.
    """
    seen_in = select(membership.c.server_id).where(membership.c.member_id == near)
    is_near = insight.c.server_id.is_(None) | insight.c.server_id.in_(seen_in)
    query = select(
        insight.c.seq,
        insight.c.run_id,
        insight.c.target_id,
        insight.c.content,
        insight.c.open_questions,
    )
    page = query.where(insight.c.seq > seq, is_near).order_by(insight.c.seq).limit(limit)
    return [
        Texts(row.seq, (row.run_id, row.target_id), row.content, tuple(row.open_questions))
        for row in await connection.execute(page)
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
