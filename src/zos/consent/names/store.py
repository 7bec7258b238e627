"""Whose names stand in texts, by look-up of the texts' words: its cost does not grow with the community."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import select, union

from zos.core.names import KnownMember, words_in, words_of_name
from zos.db.sets import one_of
from zos.db.tables import channel, member, server

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_ROWS = select(
    member.c.id, member.c.is_bot, member.c.name, member.c.global_name, member.c.display_name
)
_CALLED = union(
    _ROWS.where(one_of(member.c.name_word, "words")),
    _ROWS.where(one_of(member.c.global_word, "words")),
    _ROWS.where(one_of(member.c.display_word, "words")),
)
# A channel's name on Discord is in small letters, with hyphens for spaces.
_PLACES = union(
    select(server.c.name),
    select(channel.c.name).where(
        one_of(channel.c.name, "names"),
        channel.c.server_id.is_not(None),
        channel.c.parent_id.is_(None),
    ),
)


async def known_in(connection: AsyncConnection, texts: Iterable[str]) -> dict[int, KnownMember]:
    """Return the members whose names may stand in `texts`, of whatever server, by ascending id.

    The longest word of a name of each does; whether the whole name does is for who shows the text.
    A name that a server or a channel bears as well is left out: people speak of the place.
    """
    words = sorted(words_in(texts))
    if not words:
        return {}
    rows = (await connection.execute(_CALLED, {"words": words})).all()
    names = {row.id: [name for name in row[2:] if name is not None] for row in rows}
    places = await _places(connection, {name for some in names.values() for name in some})
    found = {
        row.id: KnownMember(
            tuple(name for name in names[row.id] if words_of_name(name) not in places), row.is_bot
        )
        for row in rows
    }
    return dict(sorted(found.items()))


async def _places(connection: AsyncConnection, names: Iterable[str]) -> set[tuple[str, ...]]:
    """Return the words of the names of places that may be among `names`."""
    spelled = sorted({"-".join(words_of_name(name)) for name in names})
    if not spelled:
        return set()
    rows = await connection.execute(_PLACES, {"names": spelled})
    return {words_of_name(row.name) for row in rows}
