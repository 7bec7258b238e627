"""Topics as they are shown: listed by what they hold, and one with its ledger, decisions and runs.

In: the store, and who has consented. Out: frozen rows; salience in points. A topic about a member
without consent is not listed, and refused when it is asked for by its key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, and_, bindparam, or_, select

from zos.consent.store import ConsentStore
from zos.core.consent import ConsentView
from zos.core.errors import ConsentError, NotFoundError
from zos.core.topics import BudgetGroup, TopicCategory, TopicKey
from zos.db.tables import MICRO, layer_run, run_target, salience_entry, topic
from zos.db.tables.salience import LISTED
from zos.members.model import Snowflake
from zos.reflect.states import TargetStatus
from zos.salience.amounts import Caps
from zos.salience.ledger import SalienceLedger
from zos.salience.model import EntryKind, LedgerEntry, PastSelection, TopicView
from zos.salience.store import VIEW, entry_of, view_of
from zos.views.curve import CurvePoint, curve_of
from zos.views.page import Page, page_of, parts_of_cursor
from zos.views.titles import topic_titles

if TYPE_CHECKING:
    from zos.config import Config
    from zos.db.engine import Connection, Database

RECENT = 20
"""Decisions and runs that a topic is shown with."""
CURVE_ROWS = 200
"""Changes that a topic's curve goes back, at most."""


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic in a list.

    Attributes:
        topic: Its key.
        title: What it is called, for people.
        salience: What it holds, in points; `cap` is the most that it can hold.
        new_material: Units since its last reflection.
    """

    topic: str
    title: str
    category: TopicCategory
    group: BudgetGroup
    server_id: Snowflake | None
    salience: float
    cap: float
    new_material: int
    insight_count: int
    last_activity_at: datetime
    last_reflected_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One change of what a topic holds.

    Attributes:
        cursor: Asks for what is older than this row.
        salience: Points, signed.
        at: When the last event of the row was.
        run_id: The run that spent it.
    """

    cursor: int
    at: datetime
    kind: EntryKind
    salience: float
    run_id: str | None


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """How a run's selection decided about a topic, in words."""

    run_id: str
    at: datetime
    layer: str
    salience: float
    chosen: bool
    reason: str


@dataclass(frozen=True, slots=True)
class WhyRow:
    """Why a topic is, or is not, thought about.

    Attributes:
        topic: None if it never came into being, or may not be shown.
        reasons: What stands in its way now, a sentence each; empty when nothing does.
        ahead: How many topics of its kind come before it; None if something stands in its way.
        selections: The newest decisions about it.
        entries: The newest rows of its ledger.
    """

    topic: TopicRow | None
    reasons: tuple[str, ...]
    ahead: int | None
    selections: tuple[DecisionRow, ...]
    entries: tuple[LedgerRow, ...]


@dataclass(frozen=True, slots=True)
class TopicRun:
    """A run that thought about a topic, and what came of it."""

    run_id: str
    layer: str
    at: datetime
    status: TargetStatus
    reason: str
    tokens: int
    cost_usd: float
    salience_spent: float
    insights_created: int


@dataclass(frozen=True, slots=True)
class TopicDetail:
    """A topic with why it is thought about or not, and the newest runs that did."""

    topic: TopicRow
    why: WhyRow
    runs: tuple[TopicRun, ...]


class TopicsView:
    """Reads topics.

    Args:
        database: The store.
        config: Caps, and what silence means for consent.
    """

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._consent = ConsentStore(database, config)
        self._caps = Caps(config.salience.caps)
        self._ledger = SalienceLedger(database, config)

    async def page(
        self,
        *,
        category: TopicCategory | None = None,
        server_id: int | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> Page[TopicRow]:
        """Return topics, those with most salience first.

        Args:
            category: Only of this kind.
            server_id: Only of this server.
            before: The cursor: only what comes behind it.
            limit: 1 to `zos.views.page.MAX_LIMIT`.

        Raises:
            UsageError: If `before` is no cursor.
        """
        query = VIEW.where(
            LISTED,
            *(
                or_(member.is_(None), ~self._consent.barred(member))
                for member in (topic.c.member_a, topic.c.member_b)
            ),
        )
        if category is not None:
            query = query.where(topic.c.category == category.value)
        if server_id is not None:
            # Of every kind: the order's own index is read. That of places would be sorted, a server's all.
            place = topic.c.server_id if category is not None else topic.c.server_id + 0
            query = query.where(place == server_id)
        if before is not None:
            balance, topic_id = parts_of_cursor(before, 2)
            behind = and_(topic.c.balance == balance, topic.c.id > topic_id)
            query = query.where(topic.c.balance <= balance, or_(topic.c.balance < balance, behind))
        query = query.order_by(topic.c.balance.desc(), topic.c.id).limit(limit + 1)

        async def work(connection: Connection) -> Page[TopicRow]:
            found = [view_of(row) for row in await connection.execute(query)]
            page = page_of(found, limit, lambda one: f"{one.balance_micro}.{one.id}")
            members = {one for row in page.items for one in row.key.members}
            consent = await self._consent.view(connection, among=members)
            return Page(await self._rows(connection, page.items, consent), page.next_cursor)

        return await self._database.read_at_once(work)

    async def detail(self, topic_key: TopicKey) -> TopicDetail:
        """Return one topic with all that is known about its selection.

        Raises:
            NotFoundError: If there is no such topic.
            ConsentError: If a member whom it is about has not consented.
        """

        async def work(connection: Connection) -> TopicDetail:
            consent = await self._consent.view(connection, among=topic_key.members)
            _insist_on_consent(topic_key, consent)
            why = await self._why(connection, topic_key, consent)
            if why.topic is None:
                raise NotFoundError(
                    f"There is no topic {topic_key}: {'; '.join(why.reasons)}.",
                    hint="See `zos salience top`.",
                )
            return TopicDetail(why.topic, why, await _runs(connection, topic_key))

        return await self._database.read_at_once(work)

    async def why(self, topic_key: TopicKey) -> WhyRow:
        """Return why a topic is, or is not, thought about; nothing else about one that may not be shown."""

        async def work(connection: Connection) -> WhyRow:
            consent = await self._consent.view(connection, among=topic_key.members)
            return await self._why(connection, topic_key, consent)

        return await self._database.read_at_once(work)

    async def _why(
        self, connection: Connection, topic_key: TopicKey, consent: ConsentView
    ) -> WhyRow:
        found = await self._ledger.why(topic_key, consent, limit=RECENT, connection=connection)
        if not _may_show(topic_key, consent):
            return WhyRow(None, found.reasons, None, (), ())
        one = () if found.topic is None else (found.topic,)
        rows = await self._rows(connection, one, consent)
        return WhyRow(
            topic=rows[0] if rows else None,
            reasons=found.reasons,
            ahead=found.ahead,
            selections=tuple(map(_decision, found.selections)),
            entries=tuple(map(_entry, found.entries)),
        )

    async def ledger(
        self, topic_key: TopicKey, *, before: int | None = None, limit: int = 50
    ) -> Page[LedgerRow]:
        """Return a topic's ledger, newest first.

        Args:
            topic_key: The topic.
            before: The cursor: only rows older than it.
            limit: Rows, at most.

        Raises:
            NotFoundError: If there is no such topic.
            ConsentError: If a member whom it is about has not consented.
        """

        async def work(connection: Connection) -> list[LedgerEntry]:
            await self._insist_on_consent(connection, topic_key)
            found = await self._ledger.entries(
                topic_key, limit=limit + 1, before_id=before, connection=connection
            )
            if not found and await self._ledger.topic(topic_key, connection) is None:
                raise NotFoundError(
                    f"There is no topic {topic_key}.", hint="See `zos salience top`."
                )
            return found

        found = await self._database.read_at_once(work)
        return page_of([_entry(one) for one in found], limit, lambda one: str(one.cursor))

    async def curve(self, topic_key: TopicKey) -> tuple[CurvePoint, ...]:
        """Return the topic's newest `CURVE_ROWS` changes with what it held before and after, oldest first.

        Raises:
            ConsentError: If a member whom it is about has not consented.
        """

        async def work(connection: Connection) -> Sequence[Row[Any]]:
            await self._insist_on_consent(connection, topic_key)
            return (await connection.execute(_CURVE, {"of": str(topic_key)})).all()

        rows = await self._database.read_at_once(work)
        return curve_of(map(entry_of, rows), rows[0].balance) if rows else ()

    async def _insist_on_consent(self, connection: Connection, topic_key: TopicKey) -> None:
        consent = await self._consent.view(connection, among=topic_key.members)
        _insist_on_consent(topic_key, consent)

    async def _rows(
        self, connection: Connection, found: Sequence[TopicView], consent: ConsentView
    ) -> tuple[TopicRow, ...]:
        titles = await topic_titles(connection, (one.key for one in found), consent, self._consent)
        return tuple(self._row(one, titles[one.key]) for one in found)

    def _row(self, one: TopicView, title: str) -> TopicRow:
        return TopicRow(
            topic=str(one.key),
            title=title,
            category=one.key.category,
            group=one.key.group,
            server_id=one.key.server_id,
            salience=one.balance_micro / MICRO,
            cap=self._caps.of(one.key) / MICRO,
            new_material=one.new_material,
            insight_count=one.insight_count,
            last_activity_at=one.last_activity_at,
            last_reflected_at=one.last_reflected_at,
            created_at=one.created_at,
        )


_CURVE = (
    select(salience_entry, topic.c.balance)
    .join(topic, topic.c.id == salience_entry.c.topic_id)
    .where(topic.c.key == bindparam("of"))
    .order_by(salience_entry.c.id.desc())
    .limit(CURVE_ROWS)
)
_RUNS = (
    select(run_target, layer_run.c.layer, layer_run.c.clock_at)
    .join(layer_run, layer_run.c.id == run_target.c.run_id)
    .where(run_target.c.topic_key == bindparam("of"))
    .order_by(run_target.c.id.desc())
    .limit(RECENT)
)


async def _runs(connection: Connection, topic_key: TopicKey) -> tuple[TopicRun, ...]:
    return tuple(
        TopicRun(
            run_id=row.run_id,
            layer=row.layer,
            at=row.clock_at,
            status=TargetStatus(row.status),
            reason=row.reason,
            tokens=row.tokens_in + row.tokens_out,
            cost_usd=row.cost_microusd / MICRO,
            salience_spent=row.salience_spent / MICRO,
            insights_created=row.insights_created,
        )
        for row in await connection.execute(_RUNS, {"of": str(topic_key)})
    )


def _may_show(topic_key: TopicKey, consent: ConsentView) -> bool:
    return consent.allows_all(frozenset(topic_key.members))


def _insist_on_consent(topic_key: TopicKey, consent: ConsentView) -> None:
    if not _may_show(topic_key, consent):
        raise ConsentError(
            f"Topic {topic_key} is about a member who has not consented, so it is not shown."
        )


def _entry(one: LedgerEntry) -> LedgerRow:
    return LedgerRow(one.id, one.at, one.kind, one.amount_micro / MICRO, one.run_id)


def _decision(one: PastSelection) -> DecisionRow:
    return DecisionRow(
        one.run_id, one.at, one.layer, one.balance_micro / MICRO, one.chosen, one.reason
    )
