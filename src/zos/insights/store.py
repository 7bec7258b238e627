"""Insights in the database: added within a target's transaction, read by id, topic, layer or member.

Append-only: an insight's text never changes. Its status does, and erasure removes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    insert,
    or_,
    select,
    update,
)

from zos.core.errors import NotFoundError
from zos.core.scopes import Scope
from zos.core.topics import TopicCategory, TopicKey
from zos.db.engine import LATER
from zos.db.sets import one_of
from zos.db.tables import insight, insight_member, insight_source, message
from zos.db.tables.insights import LISTED
from zos.insights.model import (
    Insight,
    InsightDraft,
    InsightFilter,
    InsightLine,
    InsightStatus,
    MemberRole,
    Method,
    Valence,
)
from zos.insights.provenance.store import (
    LineSources,
    add_provenance,
    chunks,
    members_of,
    resting,
    sources_of,
)

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database

STRENGTH_MIN, STRENGTH_MAX = 0.1, 10.0
_FOR_QUERIES = {"topic_key", "category", "target_id"}
_RECALLABLE = frozenset({InsightStatus.ACTIVE, InsightStatus.QUARANTINED})  # now or some day
_REPLACEABLE = _RECALLABLE | {InsightStatus.REVIEW}
SHAREABLE = frozenset({Scope.PUBLIC, Scope.DERIVED})
"""What may be shown to others than the members themselves: nothing that was said in private."""

_ADD = insert(insight).execution_options(**LATER)
_SUPERSEDE = (
    update(insight)
    .where(
        insight.c.topic_key == bindparam("topic"),
        insight.c.id != bindparam("but"),
        or_(
            and_(
                insight.c.layer == bindparam("of_layer"),
                insight.c.status == InsightStatus.REVIEW.value,
            ),
            insight.c.id == bindparam("replaced"),
        ),
        or_(*(insight.c.status == one.value for one in sorted(_REPLACEABLE))),
    )
    .values(status=InsightStatus.SUPERSEDED.value)
    .execution_options(**LATER)
)
_MESSAGES_THERE = select(message.c.id).where(one_of(message.c.id, "ids")).with_for_update(read=True)
_ACTIVE = select(insight).where(insight.c.status == InsightStatus.ACTIVE.value)
_INSIGHTS_THERE = (
    _ACTIVE.with_only_columns(insight.c.id)
    .where(one_of(insight.c.id, "ids"))
    .with_for_update(read=True)
)
_RECENT = (
    _ACTIVE.where(
        insight.c.created_at <= bindparam("until"), insight.c.topic_key == bindparam("topic")
    )
    .order_by(insight.c.seq.desc())
    .limit(bindparam("up_to"))
)


async def add_insight(
    connection: AsyncConnection,
    draft: InsightDraft,
    *,
    insight_id: str,
    layer: str,
    run_id: str,
    target_id: str,
    salience_spent: float,
    at: datetime,
) -> None:
    """Store `draft` with its sources and members, within the caller's transaction.

    It takes the place of what the same layer said about its topic and is under review.

    Args:
        connection: A write transaction.
        draft: What was understood.
        insight_id: A fresh ULID.
        layer: Who made it.
        run_id: The run that it belongs to.
        target_id: The target of that run.
        salience_spent: What the target cost, in salience; strength = spent × adjustment, clipped to 0.1..10.
        at: The run's own time.
    """
    strength = min(STRENGTH_MAX, max(STRENGTH_MIN, salience_spent * draft.strength_adjustment))
    origin = {"layer": layer, "run_id": run_id, "target_id": target_id, "created_at": at}
    row = {"id": insight_id, "strength": strength, **origin, **_draft_row(draft)}
    await connection.execute(_ADD, row)
    await add_provenance(connection, insight_id, draft)
    replaced = {
        "topic": str(draft.topic),
        "of_layer": layer,
        "but": insight_id,
        "replaced": draft.supersedes,
    }
    await connection.execute(_SUPERSEDE, replaced)


async def mark_for_review(connection: AsyncConnection, message_ids: Iterable[int]) -> int:
    """Mark the insights that rest on any of `message_ids`, directly or through other insights.

    Args:
        connection: A write transaction.
        message_ids: Messages that are gone, or disputed.

    Returns:
        How many were marked.
    """
    marked = 0
    for some in chunks(message_ids):
        touched = insight.c.id.in_(resting(insight_source.c.message_id.in_(some)))
        marked += await _set_status(connection, touched, InsightStatus.REVIEW, among=_RECALLABLE)
    return marked


async def are_there(
    connection: AsyncConnection, message_ids: Collection[int], insight_ids: Collection[str]
) -> bool:
    """Return whether all these messages are stored and all these insights active, and stay so to the commit."""
    for query, wanted in ((_MESSAGES_THERE, message_ids), (_INSIGHTS_THERE, insight_ids)):
        if wanted and len((await connection.execute(query, {"ids": wanted})).all()) < len(wanted):
            return False
    return True


async def put_under_review(connection: AsyncConnection, insight_id: str) -> int:
    """Mark an insight and all that rests on it for review; return how many were marked."""
    resting_on_it = resting(insight_source.c.source_insight_id == insight_id)
    touched = (insight.c.id == insight_id) | insight.c.id.in_(resting_on_it)
    return await _set_status(connection, touched, InsightStatus.REVIEW, among=_RECALLABLE)


class InsightStore:
    """Reads insights. Every method that takes `until` sees nothing that was stored later.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, insight_id: str) -> Insight:
        """Return one insight with its lines and their sources.

        Raises:
            NotFoundError: If there is none of that id.
        """
        found = await self._fetch(
            select(insight).where(insight.c.id == insight_id), with_sources=True
        )
        if not found:
            raise NotFoundError(
                f"There is no insight {insight_id}.", hint="See `zos insights list`."
            )
        return found[0]

    async def by_ids(self, insight_ids: Iterable[str]) -> dict[str, Insight]:
        """Return those of `insight_ids` that exist, without their sources."""
        found: dict[str, Insight] = {}
        for some in chunks(insight_ids):
            rows = await self._fetch(select(insight).where(insight.c.id.in_(some)))
            found.update((one.id, one) for one in rows)
        return found

    async def recent(self, topic: TopicKey, *, until: datetime, limit: int) -> list[Insight]:
        """Return the newest active insights about `topic`, newest first."""
        given = {"topic": str(topic), "until": until, "up_to": limit}
        return await self._fetch(_RECENT, given, with_sources=True)

    async def of_members(self, topic: TopicKey, *, until: datetime, limit: int) -> list[Insight]:
        """Return the newest active server insights about a global `topic`'s member or pair, newest first."""
        query = _active(until).where(
            insight.c.category == topic.category.value, insight.c.server_id.is_not(None)
        )
        for member_id in topic.members:
            about = select(insight_member.c.insight_id).where(
                insight_member.c.member_id == member_id,
                insight_member.c.role == MemberRole.ABOUT.value,
            )
            query = query.where(insight.c.id.in_(about))
        return await self._newest(query, limit)

    async def of_others(
        self, *, but_layer: str, server_id: int | None, until: datetime, limit: int
    ) -> list[Insight]:
        """Return the newest active insights that other layers than `but_layer` stored (None: any server)."""
        query = _active(until).where(
            insight.c.layer != but_layer, insight.c.category != TopicCategory.SELF.value
        )
        if server_id is not None:
            query = query.where(insight.c.server_id == server_id)
        return await self._newest(query, limit)

    async def page(
        self,
        which: InsightFilter,
        *,
        only: ColumnElement[bool],
        scopes: Collection[Scope] = SHAREABLE,
        limit: int,
        before_seq: int | None = None,
        connection: AsyncConnection | None = None,
    ) -> list[Insight]:
        """Return a page of insights, newest first, without sources; none that are under quarantine.

        Args:
            which: Which ones.
            only: A condition on consent, such as `without` or `only_consented`.
            scopes: Only of these scopes.
            limit: Rows, at most.
            before_seq: Only older than this position (the cursor), or None for the newest.
            connection: The transaction to read in; None: one of its own.
        """
        query = select(insight).where(
            LISTED,
            *_conditions(which),
            insight.c.status != InsightStatus.QUARANTINED.value,
            insight.c.scope.in_([one.value for one in scopes]),
            only,
        )
        if before_seq is not None:
            query = query.where(insight.c.seq < before_seq)
        newest = query.order_by(insight.c.seq.desc()).limit(limit)
        return await self._fetch(newest, connection=connection)

    async def _newest(self, query: Select[Any], limit: int) -> list[Insight]:
        newest = query.order_by(insight.c.seq.desc()).limit(limit)
        return await self._fetch(newest, with_sources=True)

    async def _fetch(
        self,
        query: Select[Any],
        given: Mapping[str, object] | None = None,
        *,
        with_sources: bool = False,
        connection: AsyncConnection | None = None,
    ) -> list[Insight]:
        async def read(connection: AsyncConnection) -> list[Insight]:
            rows = (await connection.execute(query, given)).all()
            ids = [row.id for row in rows]
            members = await members_of(connection, ids)
            sources = await sources_of(connection, ids) if with_sources else None
            return [
                _insight(
                    row,
                    members.get(row.id, frozenset()),
                    None if sources is None else sources.get(row.id, {}),
                )
                for row in rows
            ]

        if connection is not None:
            return await read(connection)
        return await self._database.read_at_once(read)


def _draft_row(draft: InsightDraft) -> dict[str, object]:
    feelings = draft.valence
    return {
        "topic_key": str(draft.topic),
        "category": draft.topic.category.value,
        "server_id": draft.topic.server_id,
        "content": draft.content,
        "method": draft.method.value,
        "confidence": draft.confidence,
        "importance": draft.importance,
        "novelty": draft.novelty,
        "valence": None if feelings is None else {one.value: feelings[one] for one in feelings},
        "open_questions": list(draft.open_questions),
        "scope": draft.scope.value,
        "status": InsightStatus.ACTIVE.value,
        "supersedes": draft.supersedes,
        "conflicts_with": list(draft.conflicts_with),
    }


async def _set_status(
    connection: AsyncConnection,
    which: ColumnElement[bool],
    status: InsightStatus,
    *,
    among: frozenset[InsightStatus],
) -> int:
    change = update(insight).where(which, insight.c.status.in_([one.value for one in among]))
    changed = change.values(status=status.value).returning(insight.c.id)
    return len((await connection.execute(changed)).all())


def _active(until: datetime) -> Select[Any]:
    return _ACTIVE.where(insight.c.created_at <= until)


def _conditions(which: InsightFilter) -> Iterator[ColumnElement[bool]]:
    equal = {
        "topic_key": None if which.topic is None else str(which.topic),
        "category": which.category,
        "layer": which.layer,
        "server_id": which.server_id,
        "status": which.status,
        "run_id": which.run_id,
    }
    yield from (insight.c[name] == value for name, value in equal.items() if value is not None)
    if which.since is not None:
        yield insight.c.created_at >= which.since


def _insight(row: Row[Any], member_ids: frozenset[int], sources: LineSources | None) -> Insight:
    own = {name: value for name, value in row._asdict().items() if name not in _FOR_QUERIES}
    feelings = row.valence
    converted = {
        "topic": TopicKey.parse(row.topic_key),
        "method": Method(row.method),
        "valence": feelings and {Valence(name): part for name, part in feelings.items()},
        "open_questions": tuple(row.open_questions),
        "scope": Scope(row.scope),
        "status": InsightStatus(row.status),
        "conflicts_with": tuple(row.conflicts_with),
        "member_ids": member_ids,
        "sources": () if sources is None else tuple(_lines(row.content, sources)),
    }
    return Insight(**{**own, **converted})


def _lines(content: str, sources: LineSources) -> Iterator[InsightLine]:
    for number, text in enumerate(content.split("\n")):
        messages, insights = sources.get(number, ((), ()))
        yield InsightLine(text, tuple(messages), tuple(insights))
