"""Reading topics and the ledger, and deleting whole topics. Out: views and rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, delete, exists, func, or_, select

from zos.core.topics import TopicCategory, TopicKey
from zos.db.engine import Connection, Database
from zos.db.sets import one_of
from zos.db.tables import layer_run, message, salience_entry, selection, subject_mention, topic
from zos.db.tables.salience import LISTED
from zos.salience.model import EntryKind, LedgerEntry, Mismatch, PastSelection, TopicView

VIEW = select(
    topic.c.id,
    topic.c.key,
    topic.c.balance,
    topic.c.new_material,
    topic.c.insight_count,
    topic.c.last_activity_at,
    topic.c.last_reflected_at,
    topic.c.created_at,
)

_BY_KEY = VIEW.where(topic.c.key == bindparam("of"))
_HIGHEST_FIRST = (
    VIEW.where(LISTED).order_by(topic.c.balance.desc(), topic.c.id).limit(bindparam("up_to"))
)
_OF_CATEGORY = topic.c.category == bindparam("category")
_OF_SERVER = topic.c.server_id == bindparam("server_id")
_TOP = {  # by whether category and server are given
    (False, False): _HIGHEST_FIRST,
    (False, True): _HIGHEST_FIRST.where(_OF_SERVER),
    (True, False): _HIGHEST_FIRST.where(_OF_CATEGORY),
    (True, True): _HIGHEST_FIRST.where(_OF_CATEGORY, _OF_SERVER),
}
_UNLINKED = (
    select(message.c.id)
    .where(
        one_of(message.c.id, "ids"),
        message.c.server_id == bindparam("server"),
        ~exists().where(
            subject_mention.c.topic_key == bindparam("subject"),
            subject_mention.c.message_id == message.c.id,
        ),
    )
    .order_by(message.c.id)
)
_BEHIND_ALL = 2**63 - 1
_ENTRIES = (
    select(salience_entry)
    .join(topic, topic.c.id == salience_entry.c.topic_id)
    .where(topic.c.key == bindparam("of"), salience_entry.c.id < bindparam("before"))
    .order_by(salience_entry.c.id.desc())
    .limit(bindparam("up_to"))
)
_PAST_SELECTIONS = (
    select(
        layer_run.c.id,
        layer_run.c.layer,
        layer_run.c.clock_at,
        selection.c.balance,
        selection.c.chosen,
        selection.c.reason,
    )
    .join(layer_run, layer_run.c.id == selection.c.run_id)
    .where(selection.c.topic_key == bindparam("of"))
    .order_by(selection.c.run_id.desc())
    .limit(bindparam("up_to"))
)


def view_of(row: Any) -> TopicView:
    """Return the topic that a row of `VIEW` holds."""
    return TopicView(
        id=row.id,
        key=TopicKey.parse(row.key),
        balance_micro=row.balance,
        new_material=row.new_material,
        insight_count=row.insight_count,
        last_activity_at=row.last_activity_at,
        last_reflected_at=row.last_reflected_at,
        created_at=row.created_at,
    )


def entry_of(row: Any) -> LedgerEntry:
    """Return the entry that a row of `salience_entry` holds."""
    return LedgerEntry(row.id, EntryKind(row.kind), row.amount, row.at, row.batch, row.run_id)


async def subject_names(
    connection: Connection, server_ids: Iterable[int]
) -> Mapping[int, frozenset[str]]:
    """Return the names of the subjects that each of the servers has."""
    rows = await connection.execute(
        select(topic.c.server_id, topic.c.key).where(
            topic.c.category == TopicCategory.SUBJECT, topic.c.server_id.in_(list(server_ids))
        )
    )
    names: dict[int, set[str]] = {}
    for server_id, key in rows:
        names.setdefault(server_id, set()).add(TopicKey.parse(key).name)
    return {server_id: frozenset(found) for server_id, found in names.items()}


async def unlinked(connection: Connection, key: TopicKey, message_ids: Sequence[int]) -> list[int]:
    """Return which of the messages are in the subject's server and not linked to it yet."""
    given = {"subject": str(key), "server": key.server_id, "ids": message_ids}
    return list(await connection.scalars(_UNLINKED, given))


def about(member_id: int) -> ColumnElement[bool]:
    """Return the condition that a topic is about a member."""
    return or_(topic.c.member_a == member_id, topic.c.member_b == member_id)


def of_server(server_id: int) -> ColumnElement[bool]:
    """Return the condition that a topic belongs to a server."""
    return topic.c.server_id == server_id


def is_unmentioned() -> ColumnElement[bool]:
    """Return the condition that a topic is a subject that no stored message mentions."""
    mentioned = exists().where(subject_mention.c.topic_key == topic.c.key)
    return (topic.c.category == TopicCategory.SUBJECT) & ~mentioned


async def drop_topics(
    connection: Connection, which: ColumnElement[bool], *, limit: int | None
) -> tuple[list[str], int]:
    """Delete topics with their ledger rows; return their keys and the number of these rows."""
    some = select(topic.c.id, topic.c.key).where(which).order_by(topic.c.id).limit(limit)
    rows = (await connection.execute(some)).all()
    count = 0
    for row in rows:
        entries = delete(salience_entry).where(salience_entry.c.topic_id == row.id)
        count += (await connection.execute(entries)).rowcount
        await connection.execute(delete(topic).where(topic.c.id == row.id))
    return [row.key for row in rows], count


class TopicStore:
    """Reads topics, their ledger and their past selections."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def topic(
        self, topic_key: TopicKey, connection: Connection | None = None
    ) -> TopicView | None:
        """Return one topic, or None."""
        found = await self._views(_BY_KEY, {"of": str(topic_key)}, connection)
        return found[0] if found else None

    async def top(
        self,
        limit: int,
        category: TopicCategory | None,
        server_id: int | None,
        connection: Connection | None = None,
    ) -> list[TopicView]:
        """Return the topics with the highest balances, highest first."""
        given = {"up_to": limit, "category": category, "server_id": server_id}
        query = _TOP[category is not None, server_id is not None]
        return await self._views(query, given, connection)

    async def entries(
        self,
        topic_key: TopicKey,
        limit: int,
        before_id: int | None,
        connection: Connection | None = None,
    ) -> list[LedgerEntry]:
        """Return a topic's ledger rows, newest first."""
        before = _BEHIND_ALL if before_id is None else before_id
        given = {"of": str(topic_key), "before": before, "up_to": limit}
        async with self._db.read(connection) as reader:
            return [entry_of(row) for row in await reader.execute(_ENTRIES, given)]

    async def mismatches(self) -> list[Mismatch]:
        """Return every topic whose balance is not the sum of its rows."""
        total = func.coalesce(func.sum(salience_entry.c.amount), 0)
        query = (
            select(topic.c.key, topic.c.balance, total.label("total"))
            .join_from(topic, salience_entry, salience_entry.c.topic_id == topic.c.id, isouter=True)
            .group_by(topic.c.id)
            .having(topic.c.balance != total)
            .order_by(topic.c.key)
        )
        async with self._db.read() as connection:
            rows = (await connection.execute(query)).all()
        return [Mismatch(row.key, row.balance, int(row.total)) for row in rows]

    async def past_selections(
        self, topic_key: TopicKey, limit: int, connection: Connection | None = None
    ) -> list[PastSelection]:
        """Return how recent runs that looked at the topic decided, newest first."""
        given = {"of": str(topic_key), "up_to": limit}
        async with self._db.read(connection) as reader:
            rows = (await reader.execute(_PAST_SELECTIONS, given)).all()
        return [
            PastSelection(
                run_id=row.id,
                layer=row.layer,
                at=row.clock_at,
                balance_micro=row.balance,
                chosen=row.chosen,
                reason=row.reason,
            )
            for row in rows
        ]

    async def _views(
        self, query: Select[Any], given: Mapping[str, Any], connection: Connection | None
    ) -> list[TopicView]:
        async with self._db.read(connection) as reader:
            return [view_of(row) for row in await reader.execute(query, given)]
