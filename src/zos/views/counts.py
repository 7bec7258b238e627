"""Counts over runs: small sums that the metrics and the health page need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from zos.core.ids import ulid_floor
from zos.db.engine import Database
from zos.db.tables import layer_run, run_target
from zos.reflect.states import RunStatus

OPEN = tuple(status for status in RunStatus if not status.is_final)
_IDS_PER_QUERY = 500


async def open_runs(database: Database) -> dict[RunStatus, int]:
    """Return how many runs are queued, running and interrupted."""
    query = (
        select(layer_run.c.status, func.count().label("runs"))
        .where(layer_run.c.status.in_([status.value for status in OPEN]))
        .group_by(layer_run.c.status)
    )
    async with database.read() as connection:
        found = {row.status: row.runs for row in await connection.execute(query)}
    return {status: found.get(status.value, 0) for status in OPEN}


async def runs_since(database: Database, since: datetime) -> dict[RunStatus, int]:
    """Return how many runs recorded since `since` (aware) are in each state that any is in."""
    query = (
        select(layer_run.c.status, func.count().label("runs"))
        .where(layer_run.c.id >= ulid_floor(since))
        .group_by(layer_run.c.status)
    )
    async with database.read() as connection:
        return {RunStatus(row.status): row.runs for row in await connection.execute(query)}


async def target_outcomes(database: Database, run_ids: Sequence[str]) -> Counter[str]:
    """Return how many targets of these runs are in each state."""
    totals: Counter[str] = Counter()
    async with database.read() as connection:
        for start in range(0, len(run_ids), _IDS_PER_QUERY):
            query = (
                select(run_target.c.status, func.count().label("targets"))
                .where(run_target.c.run_id.in_(run_ids[start : start + _IDS_PER_QUERY]))
                .group_by(run_target.c.status)
            )
            totals.update({row.status: row.targets for row in await connection.execute(query)})
    return totals
