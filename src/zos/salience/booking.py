"""Standings out of the tables and back, in few statements a batch, whatever the number of events.

Times pass as microseconds: converting hundreds of rows a batch to datetimes and back would cost
more than booking them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Dialect,
    Insert,
    Update,
    and_,
    bindparam,
    case,
    insert,
    literal_column,
    select,
    type_coerce,
    update,
)

from zos.config.salience import SalienceConfig
from zos.core.topics import TopicCategory, TopicKey
from zos.db.engine import LATER, Connection, Database
from zos.db.sets import is_one_of, one_of
from zos.db.tables import member, salience_entry, topic
from zos.salience.amounts import Caps, to_micro
from zos.salience.decay import DAY_MICROS
from zos.salience.propagation import Circle, Relation
from zos.salience.standing import Standing

_REACHED: dict[Relation, tuple[TopicCategory, tuple[Column[Any], ...]]] = {
    Relation.DYADS_OF: (TopicCategory.DYAD, (topic.c.member_a, topic.c.member_b)),
    Relation.USERS_IN: (TopicCategory.USER_IN_CHANNEL, (topic.c.channel_id,)),
    Relation.USER_IN_SERVERS: (TopicCategory.USER, (topic.c.member_a,)),
}
"""Which category a relation's circles hold, and which columns name what they turn on."""

# In the order of what a Standing is made of.
_STORED = select(
    topic.c.id,
    topic.c.key,
    topic.c.balance,
    topic.c.decay_base,
    type_coerce(topic.c.decay_from, BigInteger).label("decay_from"),
    type_coerce(topic.c.last_activity_at, BigInteger).label("active_at"),
    topic.c.new_material,
)

_STORED_BY_KEY = _STORED.where(one_of(topic.c.key, "keys"))

_FIGURES = {
    "balance": bindparam("p_balance"),
    "decay_base": bindparam("p_base"),
    "decay_from": bindparam("p_decay_from", type_=BigInteger),
    "last_activity_at": bindparam("p_active_at", type_=BigInteger),
    "new_material": bindparam("p_material"),
}
_INSERT_TOPIC = (
    insert(topic)
    .values(
        {
            "key": bindparam("p_key"),
            "category": bindparam("p_category"),
            "budget_group": bindparam("p_group"),
            "server_id": bindparam("p_server_id"),
            "channel_id": bindparam("p_channel_id"),
            "member_a": bindparam("p_member_a"),
            "member_b": bindparam("p_member_b"),
            "insight_count": 0,
            "created_at": bindparam("p_created_at", type_=BigInteger),
            **_FIGURES,
        }
    )
    .returning(topic.c.id, topic.c.key)
)
_UPDATE_TOPIC = update(topic).where(topic.c.id == bindparam("p_id")).values(_FIGURES)
_INSERT_ENTRY = insert(salience_entry).values(
    {
        "topic_id": bindparam("p_id"),
        "kind": bindparam("p_kind"),
        "amount": bindparam("p_amount"),
        "at": bindparam("p_at", type_=BigInteger),
        "batch": bindparam("p_batch"),
        "run_id": bindparam("p_run_id"),
    }
)


async def bots_among(connection: Connection, db: Database, member_ids: set[int]) -> set[int]:
    """Return which of `member_ids` are bots."""
    found = await connection.scalars(
        select(member.c.id).where(is_one_of(db, member.c.id, member_ids), member.c.is_bot.is_(True))
    )
    return set(found)


class Shelf:
    """Takes standings out of one open write transaction and puts them back.

    Args:
        connection: The transaction.
        db: Its store.
        config: Caps and warmth decide who can be reached.
    """

    def __init__(self, connection: Connection, db: Database, config: SalienceConfig) -> None:
        self._connection = connection
        self._db = db
        self._caps = Caps(config.caps)
        self._warm = to_micro(config.warm_above)

    async def take(self, keys: Iterable[TopicKey]) -> list[Standing]:
        """Return the stored ones of `keys`."""
        wanted = {str(key): key for key in keys}
        if not wanted:
            return []
        rows = await self._connection.execute(_STORED_BY_KEY, {"keys": wanted})
        return [self._standing(wanted[row.key], row) for row in rows]

    async def take_reachable(
        self, circles: Iterable[Circle], at: int, allows: Callable[[int], bool]
    ) -> list[Standing]:
        """Return who in `circles` can take something in from `at` on, if `allows` all its members.

        That is: who is warm, not quiet yet, and not full. The others can only be woken by earnings
        of their own, so they are taken by their keys.
        """
        turning_on: dict[Relation, set[int]] = {}
        users = []
        for relation, server_id, turns_on in circles:
            if relation is Relation.USER:
                users.append(TopicKey.user(turns_on, server_id))
            else:
                turning_on.setdefault(relation, set()).add(turns_on)
        found = await self.take(users)
        for relation, ids in turning_on.items():
            category, columns = _REACHED[relation]
            for column in columns:
                rows = await self._rows(column, ids, self._open(category, at))
                found += [self._standing(_key_of(row.key), row) for row in rows]
        return [one for one in found if all(map(allows, one.key.members))]

    async def put(
        self, standings: Sequence[Standing], *, batch: str, run_id: str | None = None
    ) -> int:
        """Write standings and their ledger rows; return the number of rows."""
        known = [one for one in standings if one.id is not None]
        await self._many(_UPDATE_TOPIC, [{**_figures(one), "p_id": one.id} for one in known])
        await self._create([one for one in standings if one.id is None])
        entries = [row for one in standings for row in _entries(one, batch, run_id)]
        await self._many(_INSERT_ENTRY, entries)
        return len(entries)

    async def _create(self, standings: Sequence[Standing]) -> None:
        if not standings:
            return
        rows = [_new_row(one) for one in standings]
        created = await self._connection.execute(_INSERT_TOPIC, rows)
        ids = {row.key: row.id for row in created}
        for one in standings:
            one.id = ids[one.text]

    async def _rows(
        self, column: Column[Any], values: Collection[Any], *conditions: ColumnElement[bool]
    ) -> Sequence[Any]:
        if not values:
            return []
        query = _STORED.where(is_one_of(self._db, column, values), *conditions)
        return (await self._connection.execute(query)).all()

    async def _many(self, statement: Insert | Update, rows: list[dict[str, Any]]) -> None:
        """Execute with each of `rows`, whose values are already what the driver takes.

        Passing thousands of rows through SQLAlchemy's parameter processing takes twice as long as
        writing them, so only the statement is its work.
        """
        if not rows:
            return
        sql, names = _driver_sql(statement, self._connection.dialect)
        parameters = rows if names is None else list(map(itemgetter(*names), rows))
        await self._connection.exec_driver_sql(sql, parameters, LATER)

    def _open(self, category: TopicCategory, at: int) -> ColumnElement[bool]:
        cap = case(
            (topic.c.server_id.is_(None), self._caps.of_kind(category, is_global=True)),
            else_=self._caps.of_kind(category, is_global=False),
        )
        return and_(
            # Written out: SQLite uses a partial index only where it reads its condition.
            topic.c.category == literal_column(f"'{category}'"),
            type_coerce(topic.c.decay_from, BigInteger) > at - DAY_MICROS,
            topic.c.decay_base > self._warm,
            topic.c.decay_base < cap,
        )

    def _standing(self, key: TopicKey, row: Sequence[Any]) -> Standing:
        return Standing(key, self._caps.of(key), *row)


_key_of = lru_cache(16_384)(TopicKey.parse)


@lru_cache
def _driver_sql(statement: Insert | Update, dialect: Dialect) -> tuple[str, tuple[str, ...] | None]:
    """Return a statement as its driver takes it, and the order of its parameters if they have no names."""
    compiled = statement.compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ()) if compiled.positional else None


def _figures(standing: Standing) -> dict[str, Any]:
    return {
        "p_balance": standing.balance,
        "p_base": standing.base,
        "p_decay_from": standing.decay_from,
        "p_active_at": standing.active_at,
        "p_material": standing.material,
    }


def _new_row(standing: Standing) -> dict[str, Any]:
    key = standing.key
    members = (*key.members, None, None)
    return {
        **_figures(standing),
        "p_key": standing.text,
        "p_category": key.category.value,
        "p_group": key.group.value,
        "p_server_id": key.server_id,
        "p_channel_id": key.channel_id,
        "p_member_a": members[0],
        "p_member_b": members[1],
        "p_created_at": standing.created_at,
    }


def _entries(standing: Standing, batch: str, run_id: str | None) -> Iterator[dict[str, Any]]:
    """Yield the ledger rows of one topic; a kind whose sum came to nothing has none."""
    for kind, change in standing.changes.items():
        if change.amount:
            yield {
                "p_id": standing.id,
                "p_kind": kind.value,
                "p_amount": change.amount,
                "p_at": change.at,
                "p_batch": batch,
                "p_run_id": run_id,
            }
