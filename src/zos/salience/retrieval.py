"""Reading candidates: who could be thought about, best first, and what the day has spent.

All reading goes down `ix_topic_candidates` from the highest balance, so that it grows with what is
asked for, and not with topics or history.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    and_,
    bindparam,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    type_coerce,
)

from zos.core.topics import BudgetGroup, TopicCategory, TopicKey
from zos.db.engine import Connection
from zos.db.tables import layer_run, run_target, salience_entry, server, topic
from zos.db.tables.base import to_micros
from zos.salience.budget import Purse, purse_of
from zos.salience.conditions import OPERATORS, Both, Comparison, Condition, Either, FilterField, Not
from zos.salience.model import EntryKind, TopicView
from zos.salience.store import VIEW, view_of

Source = tuple[TopicCategory, int | None]
"""A category within one server, or globally: one stretch of the index."""

# As `zos.reflect.states` names them; that room stands on this one.
_OPEN_RUNS = ("running", "interrupted")
_OPEN_TARGETS = ("queued", "running")

_IN_SERVERS = tuple(TopicCategory)
_GLOBAL = (TopicCategory.USER, TopicCategory.DYAD, TopicCategory.SELF)

_FIGURES: dict[FilterField, ColumnElement[int]] = {
    FilterField.SALIENCE: topic.c.balance,
    FilterField.NEW_MATERIAL: topic.c.new_material,
    FilterField.INSIGHT_COUNT: topic.c.insight_count,
}
_MOMENTS: dict[FilterField, ColumnElement[int]] = {
    FilterField.LAST_ACTIVITY_DAYS_AGO: type_coerce(topic.c.last_activity_at, BigInteger),
    FilterField.LAST_REFLECTED_DAYS_AGO: type_coerce(topic.c.last_reflected_at, BigInteger),
}


async def sources_with_candidates(
    connection: Connection,
) -> tuple[list[int], list[Source]]:
    """Return the servers that the agent is in, and which categories have candidates where.

    Servers ascend; sources come globally first, then by server.
    """
    globally = (await connection.execute(_BEST_GLOBALLY)).one()
    rows = (await connection.execute(_BEST_OF_SERVERS)).all()
    found: list[Source] = [(one, None) for one, best in zip(_GLOBAL, globally, strict=True) if best]
    for server_id, *bests in rows:
        found += [(one, server_id) for one, best in zip(_IN_SERVERS, bests, strict=True) if best]
    return [row.id for row in rows], found


async def candidates(
    connection: Connection,
    source: Source,
    *,
    limit: int,
    after: TopicView | None = None,
    condition: ColumnElement[bool] | None = None,
) -> list[TopicView]:
    """Return a source's candidates, the highest balance first, then the longest known.

    Args:
        connection: To read in.
        source: Where.
        limit: At most so many.
        after: Go on behind this one.
        condition: Further than being a candidate.
    """
    query = VIEW.where(*_source(source))
    if condition is not None:
        query = query.where(condition)
    if after is not None:
        query = query.where(
            or_(
                topic.c.balance < after.balance_micro,
                and_(topic.c.balance == after.balance_micro, topic.c.id > after.id),
            ),
            topic.c.balance <= after.balance_micro,
        )
    query = query.order_by(topic.c.balance.desc(), topic.c.id).limit(limit)
    return [view_of(row) for row in await connection.execute(query)]


async def spent_since(
    connection: Connection, day_start: datetime, now: datetime
) -> dict[Purse, int]:
    """Return what reflections have spent from `day_start` to `now`, by purse, in micro-salience."""
    rows = await connection.execute(_SPENT, {"day_start": day_start, "now": now})
    spent: dict[Purse, int] = {}
    for category, server_id, amount in rows:
        purse = purse_of(TopicKey(TopicCategory(category), server_id).group, server_id)
        spent[purse] = spent.get(purse, 0) + int(amount)
    return spent


async def open_targets(connection: Connection) -> list[tuple[TopicKey, int]]:
    """Return the topics that runs are at work on, or will be, with their estimated tokens."""
    rows = await connection.execute(_AT_WORK)
    return [(TopicKey.parse(key), tokens) for key, tokens in rows]


async def ahead_of(connection: Connection, view: TopicView) -> int:
    """Return how many candidates of a topic's category and server come before it."""
    query = select(func.count()).where(
        *_source((view.key.category, view.key.server_id)),
        or_(
            topic.c.balance > view.balance_micro,
            and_(topic.c.balance == view.balance_micro, topic.c.id < view.id),
        ),
    )
    return await connection.scalar(query) or 0


def sql_of(condition: Condition, now: datetime) -> ColumnElement[bool]:
    """Return the SQL of a filter's condition at `now`: `conditions.holds`, for the database."""
    match condition:
        case Comparison():
            return _comparison(condition, to_micros(now))
        case Not(part):
            return not_(sql_of(part, now))
        case Both(parts):
            return and_(true(), *(sql_of(part, now) for part in parts))
        case Either(parts):
            return or_(false(), *(sql_of(part, now) for part in parts))


def _comparison(comparison: Comparison, now: int) -> ColumnElement[bool]:
    compare: Callable[..., ColumnElement[bool]] = OPERATORS[comparison.sign]
    value = literal(comparison.value, Double)
    if comparison.field in _FIGURES:
        return compare(_FIGURES[comparison.field], value)
    moment = _MOMENTS[comparison.field]
    passes = compare(literal(now, BigInteger) - moment, value)
    never_passes = OPERATORS[comparison.sign](math.inf, comparison.value)
    if never_passes:
        return or_(moment.is_(None), passes)
    return and_(moment.is_not(None), passes)


def _source(source: Source) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    category, server_id = source
    here = topic.c.server_id.is_(None) if server_id is None else topic.c.server_id == server_id
    return _is_candidate(category), here


def _is_candidate(category: TopicCategory) -> ColumnElement[bool]:
    # Written out: SQLite uses the partial index only where it reads its condition in the statement.
    has_material = topic.c.new_material > literal_column("0")
    if TopicKey(category, None).group is BudgetGroup.SELF:
        return and_(topic.c.category == category.value, has_material)
    return and_(topic.c.category == category.value, has_material, topic.c.balance > 0)


def _best_of(
    categories: tuple[TopicCategory, ...], here: ColumnElement[bool]
) -> list[ColumnElement[int | None]]:
    """The id of each category's best candidate: one step down the index, which EXISTS is not for PostgreSQL."""
    return [
        select(topic.c.id)
        .where(_is_candidate(one), here)
        .order_by(topic.c.balance.desc(), topic.c.id)
        .limit(1)
        .correlate(server)
        .scalar_subquery()
        .label(one.value)
        for one in categories
    ]


_BEST_GLOBALLY = select(*_best_of(_GLOBAL, topic.c.server_id.is_(None)))
_BEST_OF_SERVERS = (
    select(server.c.id, *_best_of(_IN_SERVERS, topic.c.server_id == server.c.id))
    .where(server.c.left_at.is_(None))
    .order_by(server.c.id)
)
_SPENT = (
    select(topic.c.category, topic.c.server_id, func.sum(-salience_entry.c.amount))
    .join(topic, topic.c.id == salience_entry.c.topic_id)
    .where(
        salience_entry.c.kind == literal_column(f"'{EntryKind.SPENT}'"),
        salience_entry.c.at >= bindparam("day_start"),
        salience_entry.c.at <= bindparam("now"),
    )
    .group_by(topic.c.category, topic.c.server_id)
)
_AT_WORK = (
    select(run_target.c.topic_key, run_target.c.estimated_tokens)
    .join(layer_run, layer_run.c.id == run_target.c.run_id)
    .where(layer_run.c.status.in_(_OPEN_RUNS), run_target.c.status.in_(_OPEN_TARGETS))
)
