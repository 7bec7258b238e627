"""What topics are called where they are shown.

In: topics, and who may be named. Out: titles such as `Ann and Ben` or `#garden`; members who may not
be named are `someone`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, func, literal, select, union_all

from zos.consent.store import ConsentStore
from zos.core.consent import ConsentView
from zos.core.topics import TopicCategory, TopicKey
from zos.db.tables import channel, emoji_use, member, reaction
from zos.reflect.context import Gathered
from zos.reflect.finding import title_of

if TYPE_CHECKING:
    from zos.config import Config
    from zos.db.engine import Connection, Database

_IDS_PER_QUERY = 500


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
        consent = await self._consent.view(among=members)
        async with self._database.read() as connection:
            titles = await topic_titles(connection, topics.values(), consent)
        return {
            key: TopicTitle(titles[topic], consent.allows_all(frozenset(topic.members)))
            for key, topic in topics.items()
        }


async def topic_titles(
    connection: Connection, topics: Iterable[TopicKey], consent: ConsentView
) -> dict[TopicKey, str]:
    """Return what `topics` are called."""
    wanted = list(dict.fromkeys(topics))
    members = {one for topic in wanted for one in topic.members if consent.allows(one)}
    channels = {topic.channel_id for topic in wanted if topic.channel_id is not None}
    custom = {topic.ids[0] for topic in wanted if topic.category is TopicCategory.EMOJI}
    names = await _names(connection, member.c.id, member.c.display_name, members)
    places = await _names(connection, channel.c.id, channel.c.name, channels)
    emoji = await _emoji_names(connection, custom)
    return {
        topic: f":{emoji.get(topic.ids[0], topic.ids[0])}:"
        if topic.category is TopicCategory.EMOJI
        else title_of(topic, names, places, Gathered())
        for topic in wanted
    }


async def _names(
    connection: Connection,
    key: ColumnElement[int],
    name: ColumnElement[str],
    wanted: Collection[int],
) -> dict[int, str]:
    ids = sorted(wanted)
    names: dict[int, str] = {}
    for start in range(0, len(ids), _IDS_PER_QUERY):
        some = select(key, name).where(key.in_(ids[start : start + _IDS_PER_QUERY]))
        names.update((row[0], row[1]) for row in (await connection.execute(some)).all())
    return names


async def _emoji_names(connection: Connection, emoji_ids: Collection[int]) -> dict[int, str]:
    """Return the names that custom emoji were written or given with."""
    queries = [
        select(
            literal(one).label("id"),
            func.coalesce(
                select(emoji_use.c.name)
                .where(emoji_use.c.emoji_id == one)
                .limit(1)
                .scalar_subquery(),
                select(reaction.c.emoji_name)
                .where(reaction.c.emoji_id == one)
                .limit(1)
                .scalar_subquery(),
            ).label("name"),
        )
        for one in sorted(emoji_ids)
    ]
    if not queries:
        return {}
    found = await connection.execute(union_all(*queries))
    return {row.id: row.name for row in found if row.name is not None}
