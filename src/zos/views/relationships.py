"""Who has to do with whom in a server, from the attention that pairs have earned.

In: a server, and who has consented. Out: frozen rows, the strongest first. Only pairs of whom both
members have consented are told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select

from zos.consent.store import ConsentStore
from zos.core.errors import NotFoundError
from zos.core.topics import TopicCategory
from zos.db.tables import MICRO, member, server, topic
from zos.db.tables.salience import LISTED
from zos.members.model import Snowflake
from zos.salience.amounts import Caps
from zos.salience.model import TopicView
from zos.salience.store import VIEW, view_of
from zos.views.page import Page, page_of, parts_of_cursor

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from zos.config import Config
    from zos.db.engine import Connection, Database

MAX_GRAPH_TIES = 2_000
_IDS_PER_QUERY = 500


@dataclass(frozen=True, slots=True)
class Person:
    """A member who has consented."""

    id: Snowflake
    name: str


@dataclass(frozen=True, slots=True)
class Relationship:
    """A pair.

    Attributes:
        topic: The pair's topic key.
        people: Both of them, by id.
        strength: 0..1: what the pair's topic holds, as a part of the most that it can hold.
        salience: The same in points. It grows as they talk to each other, and fades when they stop.
    """

    topic: str
    people: tuple[Person, Person]
    strength: float
    salience: float
    insight_count: int
    last_activity_at: datetime


@dataclass(frozen=True, slots=True)
class PersonInGraph:
    """A person with the sum of the strengths of their ties."""

    id: Snowflake
    name: str
    strength: float


@dataclass(frozen=True, slots=True)
class RelationshipGraph:
    """The strongest ties of a server, and who has them.

    Attributes:
        people: By strength, the strongest first.
        ties: By strength, the strongest first.
        has_more: Whether there are weaker ties as well.
    """

    server_id: Snowflake
    server: str
    people: tuple[PersonInGraph, ...]
    ties: tuple[Relationship, ...]
    has_more: bool


class RelationshipsView:
    """Reads relationships.

    Args:
        database: The store.
        config: Caps, and what silence means for consent.
    """

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._consent = ConsentStore(database, config)
        self._cap = Caps(config.salience.caps).of_kind(TopicCategory.DYAD, is_global=False)

    async def page(
        self, server_id: int, *, before: str | None = None, limit: int = 50
    ) -> Page[Relationship]:
        """Return a server's relationships, the strongest first.

        Args:
            server_id: The server.
            before: The cursor: only what comes behind it.
            limit: 1 to `zos.views.page.MAX_LIMIT`.

        Raises:
            NotFoundError: If there is no such server.
            UsageError: If `before` is no cursor.
        """
        async with self._database.read() as connection:
            await _server_name(connection, server_id)
            found = await self._pairs(connection, server_id, before, limit + 1)
            page = page_of(found, limit, lambda one: f"{one.balance_micro}.{one.id}")
            ties = await self._ties(connection, page.items)
        return Page(ties, page.next_cursor)

    async def graph(self, server_id: int, *, ties: int = 200) -> RelationshipGraph:
        """Return the strongest ties of a server as a graph.

        Args:
            server_id: The server.
            ties: At most so many, 1 to `MAX_GRAPH_TIES`.

        Raises:
            NotFoundError: If there is no such server.
        """
        async with self._database.read() as connection:
            name = await _server_name(connection, server_id)
            pairs = await self._pairs(connection, server_id, None, ties + 1)
            strongest = await self._ties(connection, pairs[:ties])
        people = people_of(strongest)
        return RelationshipGraph(server_id, name, people, strongest, len(pairs) > ties)

    async def _pairs(
        self, connection: Connection, server_id: int, before: str | None, limit: int
    ) -> list[TopicView]:
        query = VIEW.where(*self._shown(server_id))
        if before is not None:
            balance, topic_id = parts_of_cursor(before, 2)
            behind = and_(topic.c.balance == balance, topic.c.id > topic_id)
            query = query.where(topic.c.balance <= balance, or_(topic.c.balance < balance, behind))
        query = query.order_by(topic.c.balance.desc(), topic.c.id).limit(limit)
        return [view_of(row) for row in await connection.execute(query)]

    def _shown(self, server_id: int) -> tuple[ColumnElement[bool], ...]:
        return (
            LISTED,
            topic.c.server_id == server_id,
            topic.c.category == TopicCategory.DYAD.value,
            topic.c.balance > 0,
            ~self._consent.barred(topic.c.member_a),
            ~self._consent.barred(topic.c.member_b),
        )

    async def _ties(
        self, connection: Connection, pairs: Sequence[TopicView]
    ) -> tuple[Relationship, ...]:
        names = await _names(
            connection, sorted({one for pair in pairs for one in pair.key.members})
        )
        return tuple(self._tie(one, names) for one in pairs)

    def _tie(self, one: TopicView, names: dict[int, str]) -> Relationship:
        first, second = (Person(id_, names.get(id_, str(id_))) for id_ in one.key.members)
        return Relationship(
            topic=str(one.key),
            people=(first, second),
            strength=min(1.0, one.balance_micro / self._cap),
            salience=one.balance_micro / MICRO,
            insight_count=one.insight_count,
            last_activity_at=one.last_activity_at,
        )


def people_of(ties: Sequence[Relationship]) -> tuple[PersonInGraph, ...]:
    """Return who has `ties`, with the sums of their strengths, the strongest first."""
    strength: dict[Person, float] = defaultdict(float)
    for tie in ties:
        for person in tie.people:
            strength[person] += tie.strength
    found = [PersonInGraph(one.id, one.name, total) for one, total in strength.items()]
    return tuple(sorted(found, key=lambda one: (-one.strength, one.id)))


async def _server_name(connection: Connection, server_id: int) -> str:
    query = select(server.c.name).where(server.c.id == server_id)
    name: str | None = (await connection.execute(query)).scalar_one_or_none()
    if name is None:
        raise NotFoundError(f"There is no server {server_id}.", hint="Lists of topics name them.")
    return name


async def _names(connection: Connection, member_ids: Sequence[int]) -> dict[int, str]:
    names: dict[int, str] = {}
    for start in range(0, len(member_ids), _IDS_PER_QUERY):
        some = member_ids[start : start + _IDS_PER_QUERY]
        query = select(member.c.id, member.c.display_name).where(member.c.id.in_(some))
        names.update((row.id, row.display_name) for row in await connection.execute(query))
    return names
