"""`SalienceLedger`: the one way to change a balance. Every change is a row, in the same transaction.

In: activities, runs that spend, the passing of time. Out: topics whose balance is the exact sum of
their ledger rows. There is one writer at a time: on SQLite the write transaction sees to it, on
PostgreSQL an advisory lock that is held to the transaction's end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)
from sqlalchemy.sql.elements import Grouping

from zos.config import Config
from zos.core.consent import ConsentView
from zos.core.errors import NotFoundError, TopicKeyError
from zos.core.ids import new_ulid
from zos.core.topics import TopicCategory, TopicKey
from zos.db.engine import LATER, Connection, Database
from zos.db.tables import salience_entry, subject_mention, topic
from zos.db.tables.base import to_micros
from zos.salience import store
from zos.salience.amounts import Amounts, Caps
from zos.salience.booking import Shelf, bots_among
from zos.salience.decay import DAY_MICROS, whole_days
from zos.salience.earner import Earner, subject_keys
from zos.salience.earning import Activity, Earning
from zos.salience.eligibility import why_not
from zos.salience.model import (
    Booked,
    EntryKind,
    LedgerEntry,
    Mismatch,
    SpendResult,
    TopicView,
    Why,
)
from zos.salience.propagation import elsewhere, feeds
from zos.salience.retrieval import ahead_of
from zos.salience.spending import spend
from zos.salience.standing import Standing
from zos.salience.tally import Tally

_WRITER_LOCK = 0x7A6F73
"""The advisory lock of PostgreSQL's one ledger writer: the letters `zos`."""


_ADD_MATERIAL = (
    update(topic)
    .where(topic.c.key == bindparam("of"))
    .values(new_material=topic.c.new_material + bindparam("units", type_=Integer))
)
_NOTE_SEEN = (
    update(topic)
    .where(topic.c.key == bindparam("of"))
    .values(new_material=0, last_reflected_at=bindparam("moment"))
    .execution_options(**LATER)
)
_NOTE_REFLECTION = (
    update(topic)
    .where(topic.c.key == bindparam("of"))
    .values(
        last_reflected_at=bindparam("moment"),
        insight_count=topic.c.insight_count + bindparam("insights", type_=Integer),
    )
    .execution_options(**LATER)
)
_TAKE_LOCK = select(func.pg_advisory_xact_lock(_WRITER_LOCK))


class SalienceLedger:
    """Books, decays and spends salience, and reads it.

    Methods that take a `connection` work in the caller's transaction, to write in or, where it may be
    left out, to read in.

    Args:
        db: The store.
        config: Amounts, caps, decay, budget.
    """

    def __init__(self, db: Database, config: Config) -> None:
        self.db = db
        self.config = config
        self._caps = Caps(config.salience.caps)
        self._store = store.TopicStore(db)
        add_links = db.insert(subject_mention).on_conflict_do_nothing()
        self._add_links = add_links.execution_options(**LATER)

    async def book(
        self,
        connection: Connection,
        activities: Sequence[Activity],
        consent: ConsentView,
        *,
        batch: str,
        agent_id: int | None = None,
    ) -> Booked:
        """Book what `activities` (new ones, sorted by (at, id)) earn, and what that propagates.

        Also links messages to the subjects they name. Members and messages must be stored before.

        Args:
            connection: An open write transaction.
            activities: In order; any split of the same sequence into calls gives the same balances.
            consent: Who may be thought about as a person.
            batch: A ULID: one ledger row per topic, kind and batch.
            agent_id: The agent's own member id: naming it earns for the self topics.
        """
        if not activities:
            return Booked(0, 0, 0, 0)
        await self._lock(connection)
        bots = await bots_among(
            connection, self.db, {one for each in activities for one in each.people}
        )
        if agent_id is not None:
            bots.add(agent_id)
        earner = Earner(self.config, consent, bots=bots, agent_id=agent_id)
        events = [(to_micros(one.at), earner.earnings(one)) for one in activities]
        keys = {earning.key for _, earned in events for earning in earned}
        circles = {circle for key in keys for circle in feeds(key)}
        circles.update(elsewhere(one.author_id) for one in activities if one.server_id is None)
        shelf = Shelf(connection, self.db, self.config.salience)
        tally = Tally(self.config.salience, circles, events[-1][0])
        tally.add(await shelf.take(keys))
        tally.add(await shelf.take_reachable(circles, events[0][0], earner.allows))
        for at, earned in events:
            tally.book(earned, at)
        changed = tally.close()
        created = sum(one.id is None for one in changed)
        entries = await shelf.put(changed, batch=batch)
        await self._link_subjects(connection, activities)
        return Booked(len(activities), created, len(changed), entries)

    async def decay(self, now: datetime) -> int:
        """Bring all stored balances down to what decay leaves at `now`; return how many changed.

        The same moment twice changes nothing, and neither does an earlier one.
        """
        at = to_micros(now)
        async with self.db.write() as connection:
            await self._lock(connection)
            level = await self._decayed_balance(connection, at)
            due = topic.c.balance > level
            rows = select(
                topic.c.id,
                literal(EntryKind.DECAY.value),
                level - topic.c.balance,
                literal(at, BigInteger),
                literal(new_ulid(now)),
            ).where(due)
            columns = ["topic_id", "kind", "amount", "at", "batch"]
            note = insert(salience_entry).from_select(columns, rows)
            noted = await connection.execute(note.execution_options(preserve_rowcount=True))
            if noted.rowcount:
                await connection.execute(update(topic).where(due).values(balance=level))
            return noted.rowcount

    async def spend(
        self,
        connection: Connection,
        topic_key: TopicKey,
        *,
        tokens: int,
        at: datetime,
        run_id: str,
        batch: str,
        insights: int = 0,
    ) -> SpendResult:
        """Pay for one successful reflection at `at` (the run's clock): spend, reset, retain.

        Call it in the transaction that stores what the reflection found: a failed one costs nothing.

        Raises:
            NotFoundError: If there is no such topic.
        """
        shelf = await self._shelf(connection)
        standings = await shelf.take([topic_key])
        if not standings:
            raise NotFoundError(f"There is no topic {topic_key}.")
        result = spend(standings[0], tokens, to_micros(at), self.config.salience)
        await shelf.put(standings, batch=batch, run_id=run_id)
        await connection.execute(
            _NOTE_REFLECTION, {"of": str(topic_key), "moment": at, "insights": insights}
        )
        return result

    async def mark_seen(self, connection: Connection, topic_key: TopicKey, at: datetime) -> None:
        """Count all material of a topic as seen at `at`, for a reflection that had nothing to say."""
        await self._lock(connection)
        await connection.execute(_NOTE_SEEN, {"of": str(topic_key), "moment": at})

    async def add_material(
        self, connection: Connection, topic_key: TopicKey, units: int, at: datetime
    ) -> None:
        """Count `units` of new material for a topic, which is made if there is none.

        For what no activity brings: insights about a member's server topics (for the global one),
        other layers' insights and disputes (for the self topics).
        """
        shelf = await self._shelf(connection)
        added = await connection.execute(_ADD_MATERIAL, {"of": str(topic_key), "units": units})
        if not added.rowcount:
            born = Standing.newborn(topic_key, self._caps.of(topic_key), to_micros(at))
            born.material = units
            await shelf.put([born], batch="")

    async def remind(self, connection: Connection, topic_keys: Iterable[TopicKey]) -> None:
        """Count one unit of new material for those of the topics that there are.

        For what must be thought about again: something that an insight rested on is gone or disputed.
        """
        await self._lock(connection)
        rows = [{"of": key, "units": 1} for key in sorted({str(one) for one in topic_keys})]
        if rows:
            await connection.execute(_ADD_MATERIAL, rows)

    async def drop_topics(
        self, connection: Connection, member_id: int, *, limit: int
    ) -> tuple[list[str], int]:
        """Delete up to `limit` topics that are about a member, with their ledger rows.

        The one exception to append-only: what is left is still the sum of its rows.

        Returns:
            The keys of the deleted topics, and how many ledger rows went with them.
        """
        await self._lock(connection)
        return await store.drop_topics(connection, store.about(member_id), limit=limit)

    async def drop_server(
        self, connection: Connection, server_id: int, *, limit: int
    ) -> tuple[list[str], int]:
        """Delete, likewise, up to `limit` topics of a server."""
        await self._lock(connection)
        return await store.drop_topics(connection, store.of_server(server_id), limit=limit)

    async def drop_unmentioned(self, connection: Connection) -> tuple[list[str], int]:
        """Delete, likewise, the subjects that no stored message mentions: their names were somebody's words."""
        await self._lock(connection)
        return await store.drop_topics(connection, store.is_unmentioned(), limit=None)

    async def name_subject(
        self,
        connection: Connection,
        server_id: int,
        name: str,
        message_ids: Sequence[int],
        at: datetime,
        *,
        batch: str,
    ) -> TopicKey | None:
        """Link messages to a subject, made if new, which earns for each newly linked one.

        Returns:
            The subject's key, or None if the name has no letters or none of the messages is in that server.
        """
        try:
            key = TopicKey.subject(server_id, name)
        except TopicKeyError:
            return None
        fresh = await store.unlinked(connection, key, message_ids)
        shelf = await self._shelf(connection)
        standings = await shelf.take([key])
        if fresh:
            moment = to_micros(at)
            tally = Tally(self.config.salience, (), moment)
            tally.add(standings)
            micro = Amounts.of(self.config.salience.earn, self._focus(server_id)).message[0]
            tally.book([Earning(key, micro * len(fresh), EntryKind.SUBJECT, len(fresh))], moment)
            await shelf.put(tally.close(), batch=batch)
            await self._link(connection, [(key, message_id) for message_id in fresh])
        return key if fresh or standings else None

    async def subject_names(
        self, connection: Connection, server_ids: Iterable[int]
    ) -> Mapping[int, frozenset[str]]:
        """Return the subjects that each server has by now, for `subjects_in`."""
        return await store.subject_names(connection, server_ids)

    async def topic(
        self, topic_key: TopicKey, connection: Connection | None = None
    ) -> TopicView | None:
        """Return one topic, or None, as `connection` sees it if one is given."""
        return await self._store.topic(topic_key, connection)

    async def top(
        self,
        *,
        limit: int = 20,
        category: TopicCategory | None = None,
        server_id: int | None = None,
        connection: Connection | None = None,
    ) -> list[TopicView]:
        """Return the topics with the highest balances, highest first."""
        return await self._store.top(limit, category, server_id, connection)

    async def entries(
        self,
        topic_key: TopicKey,
        *,
        limit: int = 50,
        before_id: int | None = None,
        connection: Connection | None = None,
    ) -> list[LedgerEntry]:
        """Return a topic's ledger rows, newest first; `before_id` pages on."""
        return await self._store.entries(topic_key, limit, before_id, connection)

    async def audit(self) -> list[Mismatch]:
        """Return every topic whose balance is not its ledger's sum: none, unless something is broken."""
        return await self._store.mismatches()

    async def why(
        self,
        topic_key: TopicKey,
        consent: ConsentView,
        *,
        limit: int = 10,
        connection: Connection | None = None,
    ) -> Why:
        """Return what is known about why a topic is, or is not, thought about."""
        async with self.db.read(connection) as reader:
            found = await self._store.topic(topic_key, reader)
            reasons = why_not(topic_key, found, consent)
            return Why(
                key=topic_key,
                topic=found,
                reasons=reasons,
                ahead=await ahead_of(reader, found) if found and not reasons else None,
                entries=tuple(await self._store.entries(topic_key, limit, None, reader)),
                selections=tuple(await self._store.past_selections(topic_key, limit, reader)),
            )

    async def _shelf(self, connection: Connection) -> Shelf:
        await self._lock(connection)
        return Shelf(connection, self.db, self.config.salience)

    async def _lock(self, connection: Connection) -> None:
        if not self.db.is_sqlite:
            await connection.execute(_TAKE_LOCK)

    async def _decayed_balance(self, connection: Connection, at: int) -> ColumnElement[int]:
        """Return the SQL of `decay.decayed`, with the very same doubles.

        SQLite calls Python's own `pow`; PostgreSQL looks the power up in a list that Python made,
        since its mathematics library may round the last bit differently.
        """
        kept_per_day = 1.0 - self.config.salience.decay_per_day
        decay_from = type_coerce(topic.c.decay_from, BigInteger)
        days = (literal(at, BigInteger) - decay_from) // DAY_MICROS
        if self.db.is_sqlite:
            left = cast(topic.c.decay_base * func.pow(kept_per_day, days), BigInteger)
        else:
            oldest = await connection.scalar(select(func.min(decay_from)))
            most = 0 if oldest is None else whole_days(oldest, at)
            powers = literal([kept_per_day**day for day in range(most + 1)], ARRAY(Double))
            # A subscript needs brackets around what it is taken of.
            left = cast(func.floor(topic.c.decay_base * Grouping(powers)[days + 1]), BigInteger)
        return case((decay_from <= at - DAY_MICROS, left), else_=topic.c.decay_base)

    def _focus(self, server_id: int) -> float:
        return self.config.observe.focus.get(server_id, 1.0)

    async def _link_subjects(self, connection: Connection, activities: Sequence[Activity]) -> None:
        links = [
            (key, one.id)
            for one in activities
            if one.subject_names and one.server_id is not None
            for key in subject_keys(one.server_id, one.subject_names)
        ]
        await self._link(connection, links)

    async def _link(self, connection: Connection, links: Sequence[tuple[TopicKey, int]]) -> None:
        if links:
            await connection.execute(
                self._add_links,
                [{"topic_key": str(key), "message_id": message_id} for key, message_id in links],
            )
