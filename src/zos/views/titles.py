"""What topics are called where they are shown.

In: topics, and who may be named. Out: titles such as `Ann and Ben` or `#garden`; members who may not
be named are `someone`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    ScalarSelect,
    Select,
    bindparam,
    func,
    select,
    union_all,
)

from zos.consent.store import ConsentStore
from zos.core.consent import ConsentView
from zos.core.topics import TopicCategory, TopicKey
from zos.db.sets import one_of
from zos.db.tables import emoji_use, member, reaction
from zos.reflect.context import Gathered
from zos.reflect.finding import title_of
from zos.reflect.places.store import places_named

if TYPE_CHECKING:
    from zos.config import Config
    from zos.db.engine import Connection, Database


@dataclass(frozen=True, slots=True)
class TopicTitle:
    """What a topic is called. `may_show`: nobody in it objects to a page about it."""

    title: str
    may_show: bool


class TitlesView:
    """Reads what topics are called.

    Args:
        database: The store.
        config: What silence means for consent.
    """

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._consent = ConsentStore(database, config)

    async def of(self, keys: Iterable[str]) -> dict[str, TopicTitle]:
        """Return the titles of topics, by their keys."""
        topics = {key: TopicKey.parse(key) for key in keys}
        members = {one for topic in topics.values() for one in topic.members}

        async def work(connection: Connection) -> dict[str, TopicTitle]:
            consent = await self._consent.view(connection, among=members)
            titles = await topic_titles(connection, topics.values(), consent, self._consent)
            return {
                key: TopicTitle(titles[topic], consent.allows_all(frozenset(topic.members)))
                for key, topic in topics.items()
            }

        return await self._database.read_at_once(work)


async def topic_titles(
    connection: Connection,
    topics: Iterable[TopicKey],
    consent: ConsentView,
    consents: ConsentStore,
) -> dict[TopicKey, str]:
    """Return what `topics` are called.

    Args:
        connection: The transaction to read in.
        topics: The topics.
        consent: Which of their members may be named.
        consents: Asked about whoever else is named in a thread's name.
    """
    wanted = list(dict.fromkeys(topics))
    members = {one for topic in wanted for one in topic.members if consent.allows(one)}
    channels = {topic.channel_id for topic in wanted if topic.channel_id is not None}
    custom = {topic.ids[0] for topic in wanted if topic.category is TopicCategory.EMOJI}
    names = await _names(connection, _PEOPLE, members)
    places = await places_named(connection, channels, consents)
    emoji = await _emoji_names(connection, custom)
    return {
        topic: f":{emoji.get(topic.ids[0], topic.ids[0])}:"
        if topic.category is TopicCategory.EMOJI
        else title_of(topic, names, places, Gathered())
        for topic in wanted
    }


_EMOJI_PER_QUERY = 100  # SQLite takes at most 500 branches of a union
_PEOPLE = select(member.c.id, member.c.display_name).where(one_of(member.c.id, "ids"))


async def _names(
    connection: Connection, query: Select[Any], wanted: Collection[int]
) -> dict[int, str]:
    if not wanted:
        return {}
    found = await connection.execute(query, {"ids": wanted})
    return {row[0]: row[1] for row in found.all()}


async def _emoji_names(connection: Connection, emoji_ids: Collection[int]) -> dict[int, str]:
    """Return the names that custom emoji were written or given with."""
    ids = list(emoji_ids)
    names: dict[int, str] = {}
    for start in range(0, len(ids), _EMOJI_PER_QUERY):
        some = ids[start : start + _EMOJI_PER_QUERY]
        given = {f"id_{number}": one for number, one in enumerate(some)}
        found = await connection.execute(_emoji_query(len(some)), given)
        names |= {row.id: row.name for row in found if row.name is not None}
    return names


@lru_cache(maxsize=_EMOJI_PER_QUERY)
def _emoji_query(count: int) -> CompoundSelect[Any]:
    """One indexed look per emoji: many were used thousands of times."""
    return union_all(
        *(
            select(one.label("id"), func.coalesce(_written_as(one), _given_as(one)).label("name"))
            for one in (bindparam(f"id_{number}", type_=BigInteger) for number in range(count))
        )
    )


def _written_as(emoji_id: ColumnElement[int]) -> ScalarSelect[str]:
    named = select(emoji_use.c.name).where(emoji_use.c.emoji_id == emoji_id)
    return named.limit(1).scalar_subquery()


def _given_as(emoji_id: ColumnElement[int]) -> ScalarSelect[str]:
    named = select(reaction.c.emoji_name).where(reaction.c.emoji_id == emoji_id)
    return named.limit(1).scalar_subquery()
