"""How an insight came about, and what is held against it.

In: a stored insight. Out: the run, its target and the calls of models for it; disputes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from zos.db.tables import dispute, insight, layer_run, model_call, run_target
from zos.members.model import Dispute
from zos.views.runs import CallView, RunView, TargetView, as_call_view, as_run_view, as_target_view

if TYPE_CHECKING:
    from zos.db.engine import Connection
    from zos.insights.model import Insight

MAX_CALLS = 100
MAX_DISPUTES = 100


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an insight is from; None and empty where that is not recorded (any more)."""

    run: RunView | None
    target: TargetView | None
    calls: tuple[CallView, ...]


async def origin_of(connection: Connection, one: Insight) -> Origin:
    """Return the run that stored an insight, and what it did to come to it."""
    run = select(layer_run).where(layer_run.c.id == one.run_id)
    target_id = select(insight.c.target_id).where(insight.c.id == one.id).scalar_subquery()
    target = select(run_target).where(run_target.c.id == target_id)
    calls = select(model_call).where(model_call.c.target_id == target_id)
    calls = calls.order_by(model_call.c.id).limit(MAX_CALLS)
    found_run = (await connection.execute(run)).first()
    found_target = (await connection.execute(target)).first()
    return Origin(
        run=None if found_run is None else as_run_view(found_run),
        target=None if found_target is None else as_target_view(found_target),
        calls=tuple(map(as_call_view, (await connection.execute(calls)).all())),
    )


async def disputes_of(connection: Connection, insight_id: str) -> list[Dispute]:
    """Return the disputes of an insight, newest first."""
    query = select(dispute).where(dispute.c.insight_id == insight_id)
    query = query.order_by(dispute.c.id.desc()).limit(MAX_DISPUTES)
    return [Dispute(**row._asdict()) for row in await connection.execute(query)]
