"""Striking lines from insights: those that rest on what is gone, and those that repeat its words.

In: what is gone. Out: insights without these lines, under review until the next reflection replaces
them; an insight without a line left is deleted. What rests on a struck insight is struck too, since
nobody can tell which of its lines it took up. All in the caller's write transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, case, delete, insert, select, update

from zos.db.sets import is_one_of
from zos.db.tables import insight, insight_member, insight_source
from zos.insights.model import InsightStatus, MemberRole
from zos.insights.provenance.store import LineSources, sources_of

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database

_RECALLABLE = (InsightStatus.ACTIVE.value, InsightStatus.QUARANTINED.value)


@dataclass(frozen=True, slots=True)
class Gone:
    """What insights may no longer rest on.

    Attributes:
        message_ids: Messages.
        insight_ids: Insights that lost lines.
        says: Whether a text repeats what is gone: its words, or a name.
        whole: Insights that are deleted with all their lines.
    """

    message_ids: frozenset[int] = frozenset()
    insight_ids: frozenset[str] = frozenset()
    says: Callable[[str], bool] = lambda _text: False
    whole: frozenset[str] = frozenset()


@dataclass(slots=True)
class Struck:
    """What striking came to.

    Attributes:
        lines: How many lines went, those of deleted insights included.
        rewritten: Insights that have lines left.
        removed: Insights that are gone.
        topics: What they were about, by key.
        origins: The (run, target) that each came from.
    """

    lines: int = 0
    rewritten: set[str] = field(default_factory=set)
    removed: set[str] = field(default_factory=set)
    topics: set[str] = field(default_factory=set)
    origins: set[tuple[str, str]] = field(default_factory=set)


async def strike(
    database: Database, connection: AsyncConnection, insight_ids: Collection[str], gone: Gone
) -> Struck:
    """Strike what rests on `gone` from `insight_ids`, and from whatever rests on those.

    Args:
        database: The store.
        connection: A write transaction.
        insight_ids: Insights that may have such lines.
        gone: What is gone.
    """
    struck, waiting = Struck(), set(insight_ids)
    while waiting:
        lost = frozenset(struck.rewritten | struck.removed)
        changed = await _strike_each(
            database, connection, waiting, replace(gone, insight_ids=lost), struck
        )
        waiting = await _resting_on(database, connection, changed) - struck.removed
    struck.rewritten -= struck.removed
    return struck


async def insights_resting_on(
    database: Database, connection: AsyncConnection, message_ids: Collection[int]
) -> set[str]:
    """Return the insights with a line that rests on one of these messages."""
    query = select(insight_source.c.insight_id).distinct()
    on = is_one_of(database, insight_source.c.message_id, message_ids)
    return set((await connection.execute(query.where(on))).scalars())


async def insights_about(
    connection: AsyncConnection, member_id: int, *, limit: int
) -> frozenset[str]:
    """Return up to `limit` insights that are about a member."""
    is_about = insight_member.c.role == MemberRole.ABOUT.value
    return await _insights_of(
        connection, (insight_member.c.member_id == member_id) & is_about, limit
    )


async def insights_with(
    connection: AsyncConnection, member_id: int, *, limit: int
) -> frozenset[str]:
    """Return up to `limit` insights that are about, name or quote a member."""
    return await _insights_of(connection, insight_member.c.member_id == member_id, limit)


async def _insights_of(
    connection: AsyncConnection, which: ColumnElement[bool], limit: int
) -> frozenset[str]:
    query = select(insight_member.c.insight_id).where(which).distinct().limit(limit)
    return frozenset((await connection.execute(query)).scalars())


async def take_out(
    database: Database, connection: AsyncConnection, member_id: int, insight_ids: Collection[str]
) -> None:
    """Forget that a member was named or quoted in insights (whose lines with them were struck)."""
    is_about = insight_member.c.role == MemberRole.ABOUT.value
    of_member = (insight_member.c.member_id == member_id) & ~is_about
    here = is_one_of(database, insight_member.c.insight_id, insight_ids)
    await connection.execute(delete(insight_member).where(of_member, here))


async def _strike_each(
    database: Database,
    connection: AsyncConnection,
    insight_ids: Collection[str],
    gone: Gone,
    struck: Struck,
) -> set[str]:
    """Strike lines from each; return which lost any."""
    rows = (
        await connection.execute(_INSIGHTS.where(is_one_of(database, insight.c.id, insight_ids)))
    ).all()
    sources = await sources_of(connection, [row.id for row in rows])
    changed = set()
    for row in rows:
        lines = row.content.split("\n")
        kept = [
            number
            for number, text in enumerate(lines)
            if row.id not in gone.whole and _stays(text, sources.get(row.id, {}).get(number), gone)
        ]
        if len(kept) == len(lines):
            continue
        changed.add(row.id)
        struck.lines += len(lines) - len(kept)
        struck.topics.add(row.topic_key)
        struck.origins.add((row.run_id, row.target_id))
        if kept:
            struck.rewritten.add(row.id)
            await _rewrite(connection, row, lines, kept, sources[row.id])
        else:
            struck.removed.add(row.id)
    await connection.execute(
        delete(insight).where(is_one_of(database, insight.c.id, changed & struck.removed))
    )
    return changed


_INSIGHTS = select(
    insight.c.id,
    insight.c.content,
    insight.c.topic_key,
    insight.c.run_id,
    insight.c.target_id,
)


def _stays(text: str, rests_on: tuple[list[int], list[str]] | None, gone: Gone) -> bool:
    messages, insights = rests_on or ([], [])
    rests = gone.message_ids.isdisjoint(messages) and gone.insight_ids.isdisjoint(insights)
    return rests and not gone.says(text)


async def _rewrite(
    connection: AsyncConnection,
    row: Any,
    lines: list[str],
    kept: list[int],
    sources: LineSources,
) -> None:
    """Keep only some lines. Open questions name no source, so all of them go."""
    status = case(
        (insight.c.status.in_(_RECALLABLE), InsightStatus.REVIEW.value), else_=insight.c.status
    )
    content = "\n".join(lines[number] for number in kept)
    change = update(insight).where(insight.c.id == row.id)
    await connection.execute(change.values(content=content, open_questions=[], status=status))
    await connection.execute(delete(insight_source).where(insight_source.c.insight_id == row.id))
    rows = list(_renumbered(row.id, kept, sources))
    if rows:
        await connection.execute(insert(insight_source), rows)


def _renumbered(
    insight_id: str, kept: Iterable[int], sources: Mapping[int, tuple[list[int], list[str]]]
) -> Iterator[dict[str, object]]:
    for number, before in enumerate(kept):
        message_ids, insight_ids = sources.get(before, ([], []))
        base = {"insight_id": insight_id, "line": number}
        for message_id in message_ids:
            yield {**base, "message_id": message_id, "source_insight_id": None}
        for source_id in insight_ids:
            yield {**base, "message_id": None, "source_insight_id": source_id}


async def _resting_on(
    database: Database, connection: AsyncConnection, insight_ids: Collection[str]
) -> set[str]:
    if not insight_ids:
        return set()
    query: Select[Any] = (
        select(insight_source.c.insight_id)
        .distinct()
        .where(is_one_of(database, insight_source.c.source_insight_id, insight_ids))
    )
    return set((await connection.execute(query)).scalars())
