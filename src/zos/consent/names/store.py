"""Whose names stand in texts, by look-up of the texts' words: its cost does not grow with the community."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import exists, join, or_, select, union

from zos.core.errors import TopicKeyError
from zos.core.names import KnownMember, words_in, words_looked_up, words_of_name
from zos.core.topics import TopicCategory, TopicKey, subject_name
from zos.db.sets import one_of
from zos.db.tables import channel, member, membership, message, server, topic

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
_CHANNELS = select(channel.c.server_id, channel.c.name).where(
    one_of(channel.c.name, "names"), channel.c.server_id.is_not(None), channel.c.parent_id.is_(None)
)
_SUBJECTS = select(topic.c.key).where(one_of(topic.c.key, "keys"))
_IS_MEMBER = exists().where(membership.c.member_id == member.c.id)
_WROTE = exists().where(message.c.author_id == member.c.id, message.c.server_id.is_not(None))
# Authors of archives, and who left before Zos came, are no members anywhere: they are where they wrote.
_IS_THERE = or_(
    _IS_MEMBER.where(membership.c.server_id == server.c.id),
    ~_IS_MEMBER & ~_WROTE,
    ~_IS_MEMBER & _WROTE.where(message.c.server_id == server.c.id),
)
_ARE_THERE = (
    select(member.c.id, server.c.id)
    .select_from(join(member, server, _IS_THERE))
    .where(one_of(member.c.id, "members"), one_of(server.c.id, "servers"))
)


async def known_in(connection: AsyncConnection, texts: Iterable[str]) -> dict[int, KnownMember]:
    """Return the members whose names may stand in `texts`, of whatever server, by ascending id.

    All words of a name of each do; whether the whole name does is for who shows the text.
    A name that their server, or a channel or a subject there, bears as well is left out: people speak of that.
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
    others = await _other_meanings(connection, {one: names for one, (_, names) in called.items()})
    found = {
        one: KnownMember(
            tuple(name for name in names if (one, words_of_name(name)) not in others), is_bot
        )
        for one, (is_bot, names) in called.items()
    }
    return dict(sorted(found.items()))


def _may_stand(names: Iterable[str], words: set[str]) -> bool:
    """Return whether `words` hold all those of a name: thousands may share its longest."""
    return any(some and some <= words for some in map(words_looked_up, names))


async def _other_meanings(
    connection: AsyncConnection, called: Mapping[int, Collection[str]]
) -> set[tuple[int, tuple[str, ...]]]:
    """Return the members with the words of those of their names that mean something else where they are."""
    borne = await _borne(connection, chain(*called.values()))
    bearers: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    for member_id, names in called.items():
        for words in map(words_of_name, names):
            bearers[words].add(member_id)
    meant = [(server_id, words) for server_id, words in borne if words in bearers]
    if not meant:
        return set()
    asked = {
        "members": sorted({*chain(*(bearers[words] for _, words in meant))}),
        "servers": sorted({server_id for server_id, _ in meant}),
    }
    there = {tuple(row) for row in await connection.execute(_ARE_THERE, asked)}
    return {
        (one, words)
        for server_id, words in meant
        for one in bearers[words]
        if (one, server_id) in there
    }


async def _borne(
    connection: AsyncConnection, names: Iterable[str]
) -> set[tuple[int, tuple[str, ...]]]:
    """Return the words of names of servers, channels and subjects that may be among `names`, with their servers."""
    spelled = sorted({*chain(*map(_spellings, names))})
    if not spelled:
        return set()
    servers = [*await connection.execute(_SERVERS)]
    channels = await connection.execute(_CHANNELS, {"names": spelled})
    keys = {
        str(TopicKey(TopicCategory.SUBJECT, one.id, (), name)): (one.id, name)
        for one in servers
        for name in spelled
    }
    subjects = await connection.scalars(_SUBJECTS, {"keys": [*keys]})
    places = (*servers, *channels, *(keys[key] for key in subjects))
    return {(server_id, words_of_name(name)) for server_id, name in places}


def _spellings(name: str) -> Iterator[str]:
    """Yield how a channel, or a subject, of that name is written: in small letters, with marks for spaces."""
    words = words_of_name(name)
    if words:
        yield from (mark.join(words) for mark in "-_")
    with suppress(TopicKeyError):
        yield subject_name(name)
