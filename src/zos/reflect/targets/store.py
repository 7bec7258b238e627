"""Target rows: planned together with the selection's reasons, started by attempt, finished once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Row, bindparam, exists, func, insert, or_, select, update
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

# Not `IN`: SQLAlchemy would write that out anew at every execution, which takes as long as all the rest.
_IS_OPEN = or_(
    run_target.c.status == TargetStatus.QUEUED.value,
    run_target.c.status == TargetStatus.RUNNING.value,
)


ENDED = "the run ended before this was done"
"""Why a target was not done. How the run ended, and why, stands at the run alone."""

CANCELLED = "the run was cancelled"
"""Why a target was not done. Who cancelled the run, and why, stands at the run alone: an erasure looks there."""

_Result = TypeVar("_Result")


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
        """Record what was selected, and what was not and why, in one transaction.

        Raises:
            LostRunError: If the run has ended meanwhile; nothing is recorded.
        """
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
            is_it = (layer_run.c.id == run_id, layer_run.c.finished_at.is_(None))
            total = update(layer_run).where(*is_it).values(targets_total=len(targets))
            if (await connection.execute(total)).rowcount != 1:
                raise LostRunError

    async def of_run(self, run_id: str, *, only_open: bool = False) -> list[RunTarget]:
        """Return a run's targets in order."""
        query = (
            select(run_target).where(run_target.c.run_id == run_id).order_by(run_target.c.position)
        )
        if only_open:
            query = query.where(_IS_OPEN)
        async with self._database.read() as connection:
            return [_target(row) for row in await connection.execute(query)]

    async def start(
        self,
        target_id: str,
        *,
        now: datetime,
        then: Callable[[AsyncConnection], Awaitable[_Result]],
    ) -> _Result | None:
        """Begin another attempt, and return what `then` reads for it in the same transaction.

        Returns:
            None if the target is finished already, or its run runs no more.
        """

        async def begin(connection: AsyncConnection) -> _Result | None:
            begun = await connection.execute(_START, {"target": target_id, "now": now})
            return await then(connection) if begun.rowcount == 1 else None

        return await self._database.write_at_once(begin)

    async def skip_open(self, run_id: str, *, reason: str, now: datetime) -> None:
        """Give every open target of a run its reason for not having been done."""
        async with self._database.write() as connection:
            await lock_targets(connection, run_id)
            await skip_open(connection, run_id, reason=reason, now=now)

    async def give_up(self, run_id: str, *, now: datetime) -> None:
        """Leave no target of a cancelled run open, and count what it has used.

        Called once more when nobody works on it any longer: calls that were given up are settled by then.
        """
        await self.skip_open(run_id, reason=CANCELLED, now=now)


@dataclass(frozen=True, slots=True)
class Finished:
    """What a target came to.

    Attributes:
        status: A final state.
        reason: In words; empty for success.
        usage: What its calls used.
        salience_spent: Micro-salience.
        insights_created: How many insights its transaction stores.
    """

    status: TargetStatus
    reason: str
    usage: Usage
    salience_spent: int = 0
    insights_created: int = 0


_START = (
    update(run_target)
    .where(
        run_target.c.id == bindparam("target"),
        _IS_OPEN,
        exists().where(
            layer_run.c.id == run_target.c.run_id,
            layer_run.c.status == RunStatus.RUNNING.value,
        ),
    )
    .values(
        status=TargetStatus.RUNNING.value,
        attempts=run_target.c.attempts + 1,
        started_at=bindparam("now"),
    )
)
_FINISH = (
    update(run_target)
    .where(run_target.c.id == bindparam("target"), _IS_OPEN)
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in (
                "status",
                "reason",
                "finished_at",
                "tokens_in",
                "tokens_out",
                "cost_microusd",
                "salience_spent",
                "insights_created",
            )
        }
    )
)
_ADD_TO_RUN = (
    update(layer_run)
    .where(
        layer_run.c.id == bindparam("run"),
        layer_run.c.owner == bindparam("of_owner"),
        layer_run.c.status == RunStatus.RUNNING.value,
    )
    .values(
        targets_done=layer_run.c.targets_done + 1,
        **{
            name: layer_run.c[name] + bindparam(f"new_{name}", type_=BigInteger)
            for name in ("insights_created", "tokens_in", "tokens_out", "cost_microusd")
        },
    )
)
_USAGE = select(
    *(
        func.coalesce(func.sum(model_call.c[name]), 0)
        for name in ("tokens_in", "tokens_out", "requests", "cost_microusd")
    )
).where(model_call.c.target_id == bindparam("target"))

# As an UPDATE locks them: rows that only refer to a target (its calls) need not wait.
_LOCK = (
    select(run_target.c.id)
    .where(run_target.c.run_id == bindparam("run"))
    .order_by(run_target.c.id)
    .with_for_update(key_share=True)
)
_USED = ("tokens_in", "tokens_out", "cost_microusd")
_BY_CALLS = {
    name: select(func.coalesce(func.sum(model_call.c[name]), 0))
    .where(model_call.c.target_id == run_target.c.id)
    .scalar_subquery()
    for name in _USED
}
_ACCOUNT_SKIPPED = (
    update(run_target)
    .where(
        run_target.c.run_id == bindparam("run"),
        run_target.c.status == TargetStatus.SKIPPED.value,
        or_(*(run_target.c[name] != used for name, used in _BY_CALLS.items())),
    )
    .values(_BY_CALLS)
)
_ACCOUNT_RUN = (
    update(layer_run)
    .where(layer_run.c.id == bindparam("run"))
    .values(
        {
            name: select(func.coalesce(func.sum(run_target.c[name]), 0))
            .where(run_target.c.run_id == layer_run.c.id)
            .scalar_subquery()
            for name in _USED
        }
    )
)


async def lock_targets(connection: AsyncConnection, run_id: str) -> None:
    """Lock a run's targets in one order, whoever does it, and before their run, as their commits do.

    Else two transactions that change several of them may each wait for the other.
    """
    await connection.execute(_LOCK, {"run": run_id})


async def skip_open(
    connection: AsyncConnection, run_id: str, *, reason: str, now: datetime
) -> None:
    """Skip every open target of a run for `reason`; what they used counts.

    In the caller's transaction, which has locked them (see `lock_targets`).
    """
    skipped = (
        update(run_target)
        .where(run_target.c.run_id == run_id, _IS_OPEN)
        .values(status=TargetStatus.SKIPPED.value, reason=reason, finished_at=now)
    )
    given_up = await connection.execute(skipped)
    counted = await connection.execute(_ACCOUNT_SKIPPED, {"run": run_id})
    if given_up.rowcount or counted.rowcount:
        await connection.execute(_ACCOUNT_RUN, {"run": run_id})


async def finish_target(
    connection: AsyncConnection, target: RunTarget, finished: Finished, *, owner: str, now: datetime
) -> None:
    """Give a target its final state and add to its run's totals, within the caller's transaction.

    Raises:
        LostRunError: If the run is no longer the owner's, or the target is finished already; the
            transaction must roll back.
    """
    totals = {
        "new_tokens_in": finished.usage.tokens_in,
        "new_tokens_out": finished.usage.tokens_out,
        "new_cost_microusd": finished.usage.cost_microusd,
        "new_insights_created": finished.insights_created,
    }
    state = {
        "target": target.id,
        "new_status": finished.status.value,
        "new_reason": finished.reason,
        "new_finished_at": now,
        "new_salience_spent": finished.salience_spent,
    }
    row = await connection.execute(_FINISH, {**state, **totals})
    run = await connection.execute(_ADD_TO_RUN, {"run": target.run_id, "of_owner": owner, **totals})
    if row.rowcount != 1 or run.rowcount != 1:
        raise LostRunError


async def usage_of_target(connection: AsyncConnection, target_id: str) -> Usage:
    """Return what all model calls of a target used, those of failed attempts included."""
    row = (await connection.execute(_USAGE, {"target": target_id})).one()
    return Usage(*(int(total) for total in row))


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
