"""Target rows: planned together with the selection's reasons, started by attempt, finished once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from zos.core.errors import StillRunningError
from zos.core.ids import new_ulid
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import MICRO, layer_run, model_call, run_target, selection
from zos.llm.request import Usage
from zos.reflect.runs.model import RunTarget
from zos.reflect.states import RunStatus, TargetStatus
from zos.salience.selector import Selected

_OPEN = (TargetStatus.QUEUED.value, TargetStatus.RUNNING.value)


class LostRunError(StillRunningError):
    """The run was taken over by another process."""


class TargetStore:
    """Plans, starts and reads targets.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def plan(self, run_id: str, selected: Selected, *, now: datetime) -> None:
        """Record what was selected, and what was not and why, in one transaction."""
        targets = [
            _target_row(run_id, position, str(one.key), one.estimated_tokens, now)
            for position, one in enumerate(selected.candidates)
        ]
        considered = [
            {
                "run_id": run_id,
                "topic_key": str(one.key),
                "position": position,
                "balance": one.balance_micro,
                "chosen": one.chosen,
                "reason": one.reason,
            }
            for position, one in enumerate(selected.considered)
        ]
        async with self._database.write() as connection:
            if considered:
                await connection.execute(insert(selection), considered)
            if targets:
                await connection.execute(insert(run_target), targets)
            total = (
                update(layer_run).where(layer_run.c.id == run_id).values(targets_total=len(targets))
            )
            await connection.execute(total)

    async def of_run(self, run_id: str, *, only_open: bool = False) -> list[RunTarget]:
        """Return a run's targets in order."""
        query = (
            select(run_target).where(run_target.c.run_id == run_id).order_by(run_target.c.position)
        )
        if only_open:
            query = query.where(run_target.c.status.in_(_OPEN))
        async with self._database.read() as connection:
            return [_target(row) for row in await connection.execute(query)]

    async def start(self, target_id: str, *, now: datetime) -> bool:
        """Begin another attempt; False if the target is finished already."""
        statement = (
            update(run_target)
            .where(run_target.c.id == target_id, run_target.c.status.in_(_OPEN))
            .values(
                status=TargetStatus.RUNNING.value,
                attempts=run_target.c.attempts + 1,
                started_at=now,
            )
        )
        async with self._database.write() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def skip_open(self, run_id: str, *, reason: str, now: datetime) -> None:
        """Give every open target of a run its reason for not having been done."""
        statement = (
            update(run_target)
            .where(run_target.c.run_id == run_id, run_target.c.status.in_(_OPEN))
            .values(status=TargetStatus.SKIPPED.value, reason=reason, finished_at=now)
        )
        async with self._database.write() as connection:
            await connection.execute(statement)


async def finish_target(
    connection: AsyncConnection,
    target: RunTarget,
    *,
    owner: str,
    status: TargetStatus,
    reason: str,
    usage: Usage,
    salience_spent: int = 0,
    insights_created: int = 0,
    now: datetime,
) -> None:
    """Give a target its final state and add to its run's totals, within the caller's transaction.

    Args:
        connection: A write transaction; it must roll back on an error.
        target: The target.
        owner: The process that runs it.
        status: A final state.
        reason: In words; empty for success.
        usage: What its calls used.
        salience_spent: Micro-salience.
        insights_created: How many insights this transaction stores.
        now: The time.

    Raises:
        LostRunError: If the run is no longer the owner's, or the target is finished already.
    """
    row = update(run_target).where(run_target.c.id == target.id, run_target.c.status.in_(_OPEN))
    finished = await connection.execute(
        row.values(
            status=status.value,
            reason=reason,
            finished_at=now,
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            cost_microusd=usage.cost_microusd,
            salience_spent=salience_spent,
            insights_created=insights_created,
        )
    )
    totals = await connection.execute(
        update(layer_run)
        .where(
            layer_run.c.id == target.run_id,
            layer_run.c.owner == owner,
            layer_run.c.status == RunStatus.RUNNING.value,
        )
        .values(
            targets_done=layer_run.c.targets_done + 1,
            insights_created=layer_run.c.insights_created + insights_created,
            tokens_in=layer_run.c.tokens_in + usage.tokens_in,
            tokens_out=layer_run.c.tokens_out + usage.tokens_out,
            cost_microusd=layer_run.c.cost_microusd + usage.cost_microusd,
        )
    )
    if finished.rowcount != 1 or totals.rowcount != 1:
        raise LostRunError


async def usage_of_target(connection: AsyncConnection, target_id: str) -> Usage:
    """Return what all model calls of a target used, those of failed attempts included."""
    query = select(
        func.coalesce(func.sum(model_call.c.tokens_in), 0),
        func.coalesce(func.sum(model_call.c.tokens_out), 0),
        func.coalesce(func.sum(model_call.c.requests), 0),
        func.coalesce(func.sum(model_call.c.cost_microusd), 0),
    ).where(model_call.c.target_id == target_id)
    return Usage(*(int(total) for total in (await connection.execute(query)).one()))


def _target_row(
    run_id: str, position: int, key: str, estimated_tokens: int, now: datetime
) -> dict[str, object]:
    zeros = (
        "attempts",
        "tokens_in",
        "tokens_out",
        "cost_microusd",
        "salience_spent",
        "insights_created",
    )
    return {
        "id": new_ulid(now),
        "run_id": run_id,
        "topic_key": key,
        "position": position,
        "status": TargetStatus.QUEUED.value,
        "reason": "",
        "estimated_tokens": estimated_tokens,
        **dict.fromkeys(zeros, 0),
    }


def _target(row: Row[Any]) -> RunTarget:
    return RunTarget(
        id=row.id,
        run_id=row.run_id,
        topic=TopicKey.parse(row.topic_key),
        position=row.position,
        status=TargetStatus(row.status),
        reason=row.reason,
        attempts=row.attempts,
        estimated_tokens=row.estimated_tokens,
        started_at=row.started_at,
        finished_at=row.finished_at,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        cost_usd=row.cost_microusd / MICRO,
        salience_spent=row.salience_spent / MICRO,
        insights_created=row.insights_created,
    )
