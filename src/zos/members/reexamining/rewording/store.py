"""Insights' texts, read portion by portion and put in other words. Reads take no write transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select, update

from zos.db.tables import insight

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


@dataclass(frozen=True, slots=True)
class Texts:
    """What an insight says and asks; `seq` is its position."""

    seq: int
    content: str
    open_questions: tuple[str, ...]


async def texts_after(connection: AsyncConnection, seq: int, *, limit: int) -> list[Texts]:
    """Return the next `limit` insights' texts after a position."""
    query = select(insight.c.seq, insight.c.content, insight.c.open_questions)
    page = query.where(insight.c.seq > seq).order_by(insight.c.seq).limit(limit)
    rows = await connection.execute(page)
    return [Texts(row.seq, row.content, tuple(row.open_questions)) for row in rows]


def reworded(texts: Iterable[Texts], word: Callable[[str], str]) -> Iterator[Texts]:
    """Yield those of `texts` that `word` changes, changed."""
    for one in texts:
        new = Texts(one.seq, word(one.content), tuple(map(word, one.open_questions)))
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
