"""Insights in the database: added within a target's transaction, read by id, topic, layer or member.

Append-only: an insight's text never changes. Its status does, and erasure removes it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from zos.core.errors import NotFoundError
from zos.core.scopes import Scope
from zos.core.topics import TopicCategory, TopicKey
from zos.db.engine import Database
from zos.db.tables import insight, insight_member, insight_source
from zos.insights.model import Insight, InsightDraft, InsightLine, InsightStatus, Method, Valence

STRENGTH_MIN, STRENGTH_MAX = 0.1, 10.0
_ID_BATCH = 500


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
    strength = salience_spent * draft.strength_adjustment
    row = {
        "id": insight_id,
        "topic_key": str(draft.topic),
        "category": draft.topic.category.value,
        "server_id": draft.topic.server_id,
        "layer": layer,
        "run_id": run_id,
        "target_id": target_id,
        "created_at": at,
        "content": draft.content,
        "method": draft.method.value,
        "confidence": draft.confidence,
        "importance": draft.importance,
        "novelty": draft.novelty,
        "strength": min(STRENGTH_MAX, max(STRENGTH_MIN, strength)),
        "valence": None
        if draft.valence is None
        else {key.value: part for key, part in draft.valence.items()},
        "open_questions": list(draft.open_questions),
        "scope": draft.scope.value,
        "status": InsightStatus.ACTIVE.value,
        "supersedes": draft.supersedes,
        "conflicts_with": list(draft.conflicts_with),
    }
    await connection.execute(insert(insight), row)
    await connection.execute(insert(insight_source), list(_source_rows(insight_id, draft.lines)))
    members = list(_member_rows(insight_id, draft))
    if members:
        await connection.execute(insert(insight_member), members)
    if draft.supersedes is not None:
        await _set_status(connection, insight.c.id == draft.supersedes, InsightStatus.SUPERSEDED)


async def mark_for_review(connection: AsyncConnection, message_ids: Iterable[int]) -> int:
    """Mark the active insights that rest on any of `message_ids`; return how many were marked."""
    ids = list(message_ids)
    marked = 0
    for start in range(0, len(ids), _ID_BATCH):
        resting = select(insight_source.c.insight_id).where(
            insight_source.c.message_id.in_(ids[start : start + _ID_BATCH])
        )
        marked += await _set_status(connection, insight.c.id.in_(resting), InsightStatus.REVIEW)
    return marked


async def remove_insights(connection: AsyncConnection, insight_ids: Sequence[str]) -> int:
    """Erase insights with their sources and members; return how many there were."""
    removed = 0
    for start in range(0, len(insight_ids), _ID_BATCH):
        chunk = insight_ids[start : start + _ID_BATCH]
        removed += (
            await connection.execute(delete(insight).where(insight.c.id.in_(chunk)))
        ).rowcount
    return removed


async def _set_status(connection: AsyncConnection, which: Any, status: InsightStatus) -> int:
    change = update(insight).where(which, insight.c.status == InsightStatus.ACTIVE.value)
    return (await connection.execute(change.values(status=status.value))).rowcount


def _source_rows(insight_id: str, lines: Sequence[InsightLine]) -> Iterable[dict[str, object]]:
    for number, line in enumerate(lines):
        base = {"insight_id": insight_id, "line": number}
        for message_id in line.message_ids:
            yield {**base, "message_id": message_id, "source_insight_id": None}
        for source_id in line.insight_ids:
            yield {**base, "message_id": None, "source_insight_id": source_id}


def _member_rows(insight_id: str, draft: InsightDraft) -> Iterable[dict[str, object]]:
    roles = {
        "about": frozenset(draft.topic.members),
        "quoted": draft.quoted_member_ids,
        "named": draft.named_member_ids,
    }
    for role, member_ids in roles.items():
        for member_id in sorted(member_ids):
            yield {"insight_id": insight_id, "member_id": member_id, "role": role}


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

    async def by_ids(self, insight_ids: Sequence[str]) -> dict[str, Insight]:
        """Return those of `insight_ids` that exist, without their sources."""
        found = await self._fetch(select(insight).where(insight.c.id.in_(insight_ids)))
        return {one.id: one for one in found}

    async def recent(self, topic: TopicKey, *, until: datetime, limit: int) -> list[Insight]:
        """Return the newest active insights about `topic`, newest first."""
        query = _active(until).where(insight.c.topic_key == str(topic))
        return await self._fetch(
            query.order_by(insight.c.seq.desc()).limit(limit), with_sources=True
        )

    async def of_members(self, topic: TopicKey, *, until: datetime, limit: int) -> list[Insight]:
        """Return the newest active server insights about a global `topic`'s member or pair, newest first."""
        query = _active(until).where(
            insight.c.category == topic.category.value, insight.c.server_id.is_not(None)
        )
        for member_id in topic.members:
            about = select(insight_member.c.insight_id).where(
                insight_member.c.member_id == member_id, insight_member.c.role == "about"
            )
            query = query.where(insight.c.id.in_(about))
        return await self._fetch(
            query.order_by(insight.c.seq.desc()).limit(limit), with_sources=True
        )

    async def of_others(
        self, *, but_layer: str, server_id: int | None, until: datetime, limit: int
    ) -> list[Insight]:
        """Return the newest active insights that other layers than `but_layer` stored (None: any server)."""
        query = _active(until).where(
            insight.c.layer != but_layer, insight.c.category != TopicCategory.SELF.value
        )
        if server_id is not None:
            query = query.where(insight.c.server_id == server_id)
        return await self._fetch(
            query.order_by(insight.c.seq.desc()).limit(limit), with_sources=True
        )

    async def page(
        self,
        *,
        limit: int,
        before_seq: int | None = None,
        filters: Mapping[str, object] | None = None,
    ) -> list[Insight]:
        """Return a page of insights, newest first, without sources.

        Args:
            limit: Rows, at most.
            before_seq: Only older than this position (the cursor), or None for the newest.
            filters: Column name → value (`topic_key`, `layer`, `server_id`, `category`, `status`, `run_id`).
        """
        query = select(insight)
        for name, value in (filters or {}).items():
            query = query.where(insight.c[name] == value)
        if before_seq is not None:
            query = query.where(insight.c.seq < before_seq)
        return await self._fetch(query.order_by(insight.c.seq.desc()).limit(limit))

    async def _fetch(self, query: Select[Any], *, with_sources: bool = False) -> list[Insight]:
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
            sources = await _sources(connection, [row.id for row in rows]) if with_sources else {}
        return [_insight(row, sources.get(row.id)) for row in rows]


def _active(until: datetime) -> Select[Any]:
    return select(insight).where(
        insight.c.status == InsightStatus.ACTIVE.value, insight.c.created_at <= until
    )


async def _sources(
    connection: AsyncConnection, insight_ids: Sequence[str]
) -> dict[str, dict[int, tuple[list[int], list[str]]]]:
    query = (
        select(insight_source)
        .where(insight_source.c.insight_id.in_(insight_ids))
        .order_by(insight_source.c.id)
    )
    found: dict[str, dict[int, tuple[list[int], list[str]]]] = defaultdict(dict)
    for row in await connection.execute(query):
        messages, insights = found[row.insight_id].setdefault(row.line, ([], []))
        if row.message_id is not None:
            messages.append(row.message_id)
        else:
            insights.append(row.source_insight_id)
    return found


def _insight(row: Row[Any], sources: dict[int, tuple[list[int], list[str]]] | None) -> Insight:
    lines = (
        tuple(
            InsightLine(
                text,
                tuple(sources.get(number, ([], []))[0]),
                tuple(sources.get(number, ([], []))[1]),
            )
            for number, text in enumerate(row.content.split("\n"))
        )
        if sources is not None
        else ()
    )
    return Insight(
        seq=row.seq,
        id=row.id,
        topic=TopicKey.parse(row.topic_key),
        server_id=row.server_id,
        layer=row.layer,
        run_id=row.run_id,
        created_at=row.created_at,
        content=row.content,
        method=Method(row.method),
        confidence=row.confidence,
        importance=row.importance,
        novelty=row.novelty,
        strength=row.strength,
        valence=None
        if row.valence is None
        else {Valence(name): part for name, part in row.valence.items()},
        open_questions=tuple(row.open_questions),
        scope=Scope(row.scope),
        status=InsightStatus(row.status),
        supersedes=row.supersedes,
        conflicts_with=tuple(row.conflicts_with),
        sources=lines,
    )
