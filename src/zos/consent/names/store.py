"""Whose names stand in texts, by look-up of the texts' words: its cost does not grow with the community."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import select, union

from zos.core.errors import TopicKeyError
from zos.core.names import KnownMember, words_in, words_looked_up, words_of_name
from zos.core.topics import TopicCategory, TopicKey, subject_name
from zos.db.sets import one_of
from zos.db.tables import channel, member, server, topic

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
_SERVERS = select(server.c.id, server.c.name)
_CHANNELS = select(channel.c.name).where(
    one_of(channel.c.name, "names"), channel.c.server_id.is_not(None), channel.c.parent_id.is_(None)
)
_SUBJECTS = select(topic.c.key).where(one_of(topic.c.key, "keys"))


async def known_in(connection: AsyncConnection, texts: Iterable[str]) -> dict[int, KnownMember]:
    """Return the members whose names may stand in `texts`, of whatever server, by ascending id.

    All words of a name of each do; whether the whole name does is for who shows the text.
    A name that a server, a channel or a subject bears as well is left out: people speak of that.
    """
    words = words_in(texts)
    if not words:
        return {}
    rows = (await connection.execute(_CALLED, {"words": sorted(words)})).all()
    called = {
        row.id: (row.is_bot, names)
        for row in rows
        if _may_stand(names := [name for name in row[2:] if name is not None], words)
    }
    others = await _other_meanings(connection, {*chain(*(names for _, names in called.values()))})
    found = {
        one: KnownMember(tuple(name for name in names if words_of_name(name) not in others), is_bot)
        for one, (is_bot, names) in called.items()
    }
    return dict(sorted(found.items()))


def _may_stand(names: Iterable[str], words: set[str]) -> bool:
    """Return whether `words` hold all those of a name: thousands may share its longest."""
    return any(some and some <= words for some in map(words_looked_up, names))


async def _other_meanings(
    connection: AsyncConnection, names: Iterable[str]
) -> set[tuple[str, ...]]:
    """Return the words of the names of servers, channels and subjects that may be among `names`."""
    spelled = sorted({*chain(*map(_spellings, names))})
    if not spelled:
        return set()
    servers = (await connection.execute(_SERVERS)).all()
    channels = await connection.scalars(_CHANNELS, {"names": spelled})
    keys = [
        str(TopicKey(TopicCategory.SUBJECT, one.id, (), name))
        for one in servers
        for name in spelled
    ]
    subjects = await connection.scalars(_SUBJECTS, {"keys": keys})
    borne = (
        *(one.name for one in servers),
        *channels,
        *(TopicKey.parse(key).name for key in subjects),
    )
    return set(map(words_of_name, borne))


def _spellings(name: str) -> Iterator[str]:
    """Yield how a channel, or a subject, of that name is written: in small letters, with marks for spaces."""
    words = words_of_name(name)
    if words:
        yield from (mark.join(words) for mark in "-_")
    with suppress(TopicKeyError):
        yield subject_name(name)
