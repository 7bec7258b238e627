"""Whose names stand in texts, by look-up of the texts' words: its cost does not grow with the community."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import select, union

from zos.core.names import KnownMember, words_in
from zos.db.sets import one_of
from zos.db.tables import member

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_ROWS = select(member.c.id, member.c.name, member.c.display_name, member.c.is_bot)
_CALLED = union(
    _ROWS.where(one_of(member.c.name_word, "words")),
    _ROWS.where(one_of(member.c.display_word, "words")),
)


async def known_in(connection: AsyncConnection, texts: Iterable[str]) -> dict[int, KnownMember]:
    """Return the members whose names may stand in `texts`, of whatever server, by ascending id.

    The longest word of a name of each does; whether the whole name does is for who shows the text.
    """
    words = sorted(words_in(texts))
    if not words:
        return {}
    rows = await connection.execute(_CALLED, {"words": words})
    found = {row.id: KnownMember((row.name, row.display_name), row.is_bot) for row in rows}
    return dict(sorted(found.items()))
