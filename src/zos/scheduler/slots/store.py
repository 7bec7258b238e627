"""Outcomes as rows of `layer_run`: one for each slot, or one for many with `slot_last` and a count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from zos.db.engine import Database
from zos.db.tables import layer_run
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.runs.store import as_run, opening_row
from zos.reflect.states import RunStatus
from zos.scheduler.slots.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Settled:
    """One layer's outcomes, oldest first.

    Attributes:
        offset: How long after each slot the timer was to wake the layer.
    """

    layer: str
    layer_hash: str | None
    outcomes: Sequence[Outcome]
    offset: timedelta = timedelta(0)


async def record(
    connection: AsyncConnection, database: Database, settled: Sequence[Settled], *, now: datetime
) -> list[LayerRun]:
    """Write outcomes and return them as rows, by slot; those that are queued are to be run.

    A slot that has an outcome already keeps it: UNIQUE(layer, slot) decides.
    """
    rows = [row for one in settled for row in _rows(one, now)]
    if not rows:
        return []
    statement = database.insert(layer_run).on_conflict_do_nothing().returning(layer_run)
    written = [as_run(row) for row in await connection.execute(statement, rows)]
    return sorted(written, key=lambda run: (run.slot or now, run.layer))


def _rows(settled: Settled, now: datetime) -> list[dict[str, Any]]:
    rows = [_row(settled, outcome, now) for outcome in settled.outcomes]
    runs = [row["id"] for row in rows if row["status"] == RunStatus.QUEUED.value]
    for row in rows:
        if row["status"] == RunStatus.COALESCED.value:
            row["coalesced_into"] = runs[-1]
    return rows


def _row(settled: Settled, outcome: Outcome, now: datetime) -> dict[str, Any]:
    request = RunRequest(
        layer=settled.layer,
        layer_hash=settled.layer_hash,
        trigger=outcome.trigger,
        reason=outcome.reason,
        clock_at=now,
        slot=outcome.first,
        due_at=outcome.first + settled.offset,
    )
    return {
        **opening_row(request, now),
        "status": outcome.status.value,
        "slot_last": None if outcome.count == 1 else outcome.last,
        "slot_count": outcome.count,
        "coalesced_into": None,
        "finished_at": now if outcome.status.is_final else None,
    }
