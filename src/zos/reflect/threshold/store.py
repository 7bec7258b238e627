"""Counter rows: `layer_state.insights_since_run`, raised in the transaction that stores the insights.

The row's lock is what makes it exact under concurrent writers: whoever raises the counter past
the threshold takes the threshold off it and opens the run, in the same transaction. Rows are locked
in the order of their layers, so that no two writers wait for each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Integer, bindparam, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from zos.db.tables import layer_run, layer_state
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.runs.store import as_run, opening_row
from zos.reflect.states import RunStatus, Trigger

_COUNTING = (
    select(layer_state.c.layer)
    .where(layer_state.c.trigger_threshold.is_not(None))
    .order_by(layer_state.c.layer)
    .with_for_update()
)
_OTHERS = _COUNTING.where(layer_state.c.layer != bindparam("but"))
_THEIRS = _OTHERS.where(
    or_(
        layer_state.c.trigger_categories.is_(None),
        layer_state.c.trigger_categories.contains(bindparam("category")),
    ),
)
_RAISE = (
    update(layer_state)
    .where(layer_state.c.layer.in_(_THEIRS))
    .values(insights_since_run=layer_state.c.insights_since_run + bindparam("count", type_=Integer))
    .returning(
        layer_state.c.layer, layer_state.c.insights_since_run, layer_state.c.trigger_threshold
    )
)


async def count_insights(
    connection: AsyncConnection, *, layer: str, categories: Sequence[str], now: datetime
) -> list[LayerRun]:
    """Count insights that `layer` stores in this transaction, for all other layers with a threshold.

    Args:
        connection: The write transaction that stores the insights.
        layer: Who stores them; its own threshold does not count them.
        categories: The category of each insight's topic.
        now: The run's own time.

    Returns:
        The runs that became due and were opened, queued.
    """
    is_due: dict[str, bool] = {}
    counts = Counter(categories)
    if len(counts) > 1:  # one category after the other would lock them in an order of its own
        await connection.execute(_OTHERS, {"but": layer})
    for category, count in counts.items():
        given = {"but": layer, "category": f",{category},", "count": count}
        for one in await connection.execute(_RAISE, given):
            is_due[one.layer] = one.insights_since_run >= one.trigger_threshold
    return [await _open(connection, name, now) for name in sorted(is_due) if is_due[name]]


async def open_due(connection: AsyncConnection, *, now: datetime) -> list[LayerRun]:
    """Open one run for every layer whose counter has reached its threshold, and take it off the counter."""
    due = _COUNTING.where(layer_state.c.insights_since_run >= layer_state.c.trigger_threshold)
    return [
        await _open(connection, name, now)
        for name in (await connection.execute(due)).scalars().all()
    ]


async def _open(connection: AsyncConnection, layer: str, now: datetime) -> LayerRun:
    taken = (
        update(layer_state)
        .where(layer_state.c.layer == layer)
        .values(
            insights_since_run=layer_state.c.insights_since_run - layer_state.c.trigger_threshold,
            generation=layer_state.c.generation + 1,
        )
        .returning(layer_state.c.generation, layer_state.c.trigger_threshold)
    )
    state = (await connection.execute(taken)).one()
    request = RunRequest(
        layer=layer,
        trigger=Trigger.THRESHOLD,
        reason=f"{state.trigger_threshold} insights by other layers since its last run",
        clock_at=now,
        generation=state.generation,
    )
    row = {**opening_row(request, now), "status": RunStatus.QUEUED.value, "slot_count": 1}
    return as_run(
        (await connection.execute(insert(layer_run).values(row).returning(layer_run))).one()
    )
