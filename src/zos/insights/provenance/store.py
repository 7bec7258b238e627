"""The sources of insights' lines and the members in them, as rows.

In: insight ids. Out: sources by line, members, and the way along sources in both directions: to what
rests on something that went, and down to the messages that an insight rests on in the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Select, insert, select

from zos.db.engine import LATER
from zos.db.sets import one_of
from zos.db.tables import insight_member, insight_source
from zos.insights.model import InsightDraft, InsightLine

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

_IDS_PER_QUERY = 500
_Id = TypeVar("_Id", int, str)

LineSources = dict[int, tuple[list[int], list[str]]]
"""Message ids and insight ids by line, from 0, each in the order in which they were given."""

_ADD_SOURCES = insert(insight_source).execution_options(**LATER)
_ADD_MEMBERS = insert(insight_member).execution_options(**LATER)
_MEMBERS = select(insight_member).where(one_of(insight_member.c.insight_id, "ids"))
_SOURCES = (
    select(insight_source)
    .where(one_of(insight_source.c.insight_id, "ids"))
    .order_by(insight_source.c.id)
)


async def add_provenance(connection: AsyncConnection, insight_id: str, draft: InsightDraft) -> None:
    """Store what the lines of `draft` rest on and who is in it."""
    await connection.execute(_ADD_SOURCES, list(_source_rows(insight_id, draft.lines)))
    members = [
        {"insight_id": insight_id, "member_id": member_id, "role": role.value}
        for member_id, role in sorted(draft.members)
    ]
    if members:
        await connection.execute(_ADD_MEMBERS, members)


async def members_of(
    connection: AsyncConnection, insight_ids: Iterable[str]
) -> dict[str, frozenset[int]]:
    """Return the members whom insights are about, name or quote; nobody: no entry."""
    found: dict[str, set[int]] = defaultdict(set)
    for some in chunks(insight_ids):
        for row in await connection.execute(_MEMBERS, {"ids": some}):
            found[row.insight_id].add(row.member_id)
    return {insight_id: frozenset(some) for insight_id, some in found.items()}


async def sources_of(
    connection: AsyncConnection, insight_ids: Iterable[str]
) -> dict[str, LineSources]:
    """Return what the lines of insights rest on."""
    found: dict[str, LineSources] = {}
    for some in chunks(insight_ids):
        for row in await connection.execute(_SOURCES, {"ids": some}):
            lines = found.setdefault(row.insight_id, {})
            messages, insights = lines.setdefault(row.line, ([], []))
            if row.message_id is not None:
                messages.append(row.message_id)
            else:
                insights.append(row.source_insight_id)
    return found


async def messages_behind(
    connection: AsyncConnection, insight_ids: Iterable[str]
) -> dict[str, tuple[int, ...]]:
    """Return the messages that insights rest on in the end, through however many insights, ascending."""
    found: dict[str, list[int]] = defaultdict(list)
    for some in chunks(insight_ids):
        start = select(
            insight_source.c.insight_id.label("root"), insight_source.c.insight_id
        ).where(insight_source.c.insight_id.in_(some))
        walk = start.cte("walk", recursive=True)
        below = (
            select(walk.c.root, insight_source.c.source_insight_id)
            .join(walk, insight_source.c.insight_id == walk.c.insight_id)
            .where(insight_source.c.source_insight_id.is_not(None))
        )
        walk = walk.union(below)
        query = (
            select(walk.c.root, insight_source.c.message_id)
            .join(walk, insight_source.c.insight_id == walk.c.insight_id)
            .where(insight_source.c.message_id.is_not(None))
            .distinct()
            .order_by(insight_source.c.message_id)
        )
        for row in await connection.execute(query):
            found[row.root].append(row.message_id)
    return {root: tuple(ids) for root, ids in found.items()}


def resting(on: ColumnElement[bool]) -> Select[Any]:
    """Return the ids of insights that have a source for which `on` is true, or rest on such insights."""
    direct = select(insight_source.c.insight_id).where(on).cte("resting", recursive=True)
    above = select(insight_source.c.insight_id).join(
        direct, insight_source.c.source_insight_id == direct.c.insight_id
    )
    return select(direct.union(above).c.insight_id)


def chunks(ids: Iterable[_Id]) -> Iterator[list[_Id]]:
    """Return `ids` in portions that fit a query."""
    rest = iter(ids)
    while some := list(islice(rest, _IDS_PER_QUERY)):
        yield some


def _source_rows(insight_id: str, lines: Sequence[InsightLine]) -> Iterator[dict[str, object]]:
    for number, line in enumerate(lines):
        base = {"insight_id": insight_id, "line": number}
        for message_id in dict.fromkeys(line.message_ids):
            yield {**base, "message_id": message_id, "source_insight_id": None}
        for source_id in dict.fromkeys(line.insight_ids):
            yield {**base, "message_id": None, "source_insight_id": source_id}
