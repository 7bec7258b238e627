"""Who has to do with whom in a server, from the attention that pairs have earned.

In: a server, and who has consented. Out: frozen rows, the strongest first. Only pairs of whom both
members have consented are told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Row, Select, and_, bindparam, or_, select

from zos.consent.store import ConsentStore
from zos.core.errors import NotFoundError
from zos.core.topics import TopicCategory
from zos.db.sets import one_of
from zos.db.tables import MICRO, member, server, topic
from zos.db.tables.salience import LISTED
from zos.members.model import Snowflake
from zos.salience.amounts import Caps
from zos.views.page import Page, page_of, parts_of_cursor

if TYPE_CHECKING:
    from zos.config import Config
    from zos.db.engine import Connection, Database

MAX_GRAPH_TIES = 2_000


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
        self._strongest = _strongest(ConsentStore(database, config))
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

        async def work(connection: Connection) -> Page[Relationship]:
            await _server_name(connection, server_id)
            found = await self._pairs(connection, server_id, before, limit + 1)
            page = page_of(found, limit, lambda one: f"{one.balance}.{one.id}")
            return Page(await self._ties(connection, page.items), page.next_cursor)

        return await self._database.read_at_once(work)

    async def graph(self, server_id: int, *, ties: int = 200) -> RelationshipGraph:
        """Return the strongest ties of a server as a graph.

        Args:
            server_id: The server.
            ties: At most so many, 1 to `MAX_GRAPH_TIES`.

        Raises:
            NotFoundError: If there is no such server.
        """

        async def work(connection: Connection) -> RelationshipGraph:
            name = await _server_name(connection, server_id)
            pairs = await self._pairs(connection, server_id, None, ties + 1)
            strongest = await self._ties(connection, pairs[:ties])
            people = people_of(strongest)
            return RelationshipGraph(server_id, name, people, strongest, len(pairs) > ties)

        return await self._database.read_at_once(work)

    async def _pairs(
        self, connection: Connection, server_id: int, before: str | None, limit: int
    ) -> list[Row[Any]]:
        query, given = self._strongest, {"server_id": server_id, "up_to": limit}
        if before is not None:
            given["balance"], given["topic_id"] = parts_of_cursor(before, 2)
            query = query.where(_BEHIND)
        return list(await connection.execute(query, given))

    async def _ties(
        self, connection: Connection, pairs: Sequence[Row[Any]]
    ) -> tuple[Relationship, ...]:
        members = {one for pair in pairs for one in (pair.member_a, pair.member_b)}
        found = await connection.execute(_NAMES, {"ids": members})
        people = {row.id: Person(row.id, row.display_name) for row in found}
        return tuple(self._tie(one, people) for one in pairs)

    def _tie(self, one: Row[Any], people: Mapping[int, Person]) -> Relationship:
        first, second = (
            people.get(id_) or Person(id_, str(id_)) for id_ in (one.member_a, one.member_b)
        )
        return Relationship(
            topic=one.key,
            people=(first, second),
            strength=min(1.0, one.balance / self._cap),
            salience=one.balance / MICRO,
            insight_count=one.insight_count,
            last_activity_at=one.last_activity_at,
        )


def _strongest(consent: ConsentStore) -> Select[Any]:
    """Return the statement of the `up_to` strongest pairs of `server_id` that may be told."""
    return (
        select(
            topic.c.id,
            topic.c.key,
            topic.c.member_a,
            topic.c.member_b,
            topic.c.balance,
            topic.c.insight_count,
            topic.c.last_activity_at,
        )
        .where(
            LISTED,
            topic.c.server_id == bindparam("server_id"),
            topic.c.category == TopicCategory.DYAD.value,
            topic.c.balance > 0,
            ~consent.barred(topic.c.member_a),
            ~consent.barred(topic.c.member_b),
        )
        .order_by(topic.c.balance.desc(), topic.c.id)
        .limit(bindparam("up_to"))
    )


_BALANCE = bindparam("balance", type_=BigInteger)
_TOPIC_ID = bindparam("topic_id", type_=BigInteger)
_BEHIND = and_(
    topic.c.balance <= _BALANCE,
    or_(topic.c.balance < _BALANCE, and_(topic.c.balance == _BALANCE, topic.c.id > _TOPIC_ID)),
)
_NAMES = select(member.c.id, member.c.display_name).where(one_of(member.c.id, "ids"))


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
