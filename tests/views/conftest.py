"""Runs as the scheduler and the executor leave them, for the views to read."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, update

from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.db.tables import layer_run, run_target
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.runs.store import RunStore
from zos.reflect.states import RunStatus, TargetStatus, Trigger

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class History:
    """Writes runs as they would have come about."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.runs = RunStore(database)

    async def open(
        self,
        layer: str = "nightly",
        *,
        at: datetime = NOON,
        slot: datetime | None = None,
        due_at: datetime | None = None,
        trigger: Trigger = Trigger.SCHEDULE,
        status: RunStatus = RunStatus.QUEUED,
        reason: str = "due",
        slot_last: datetime | None = None,
        slot_count: int = 1,
        coalesced_into: str | None = None,
    ) -> LayerRun:
        request = RunRequest(
            layer, trigger, reason, at, layer_hash="a" * 64, slot=slot, due_at=due_at
        )
        run = await self.runs.open(
            request,
            now=at,
            status=status,
            slot_last=slot_last,
            slot_count=slot_count,
            coalesced_into=coalesced_into,
        )
        assert run is not None
        return run

    async def start(self, run: LayerRun, at: datetime = NOON) -> None:
        assert await self.runs.claim(run.id, owner="me", now=at)

    async def finish(
        self, run: LayerRun, status: RunStatus, at: datetime = NOON, reason: str = ""
    ) -> None:
        await self.runs.finish(run.id, owner="me", status=status, reason=reason, now=at)

    async def change(self, run: LayerRun, **columns: object) -> None:
        async with self.database.write() as connection:
            await connection.execute(
                update(layer_run).where(layer_run.c.id == run.id).values(**columns)
            )

    async def target(
        self, run: LayerRun, topic: str, position: int, status: TargetStatus, **columns: object
    ) -> str:
        row: dict[str, object] = {
            "id": new_ulid(NOON),
            "run_id": run.id,
            "topic_key": topic,
            "position": position,
            "status": status.value,
            "reason": "",
            "attempts": 1,
            "estimated_tokens": 500,
            "tokens_in": 0,
            "tokens_out": 0,
            "cost_microusd": 0,
            "salience_spent": 0,
            "insights_created": 0,
        }
        async with self.database.write() as connection:
            await connection.execute(insert(run_target), {**row, **columns})
        return str(row["id"])


@pytest.fixture
def history(database: Database) -> History:
    return History(database)
