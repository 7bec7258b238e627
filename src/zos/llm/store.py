"""`model_call`: what was asked, what it cost, and the one transaction that keeps spending in bounds.

In: `ModelCall`s. Out: rows, and their sums by day. Every write transaction is alone with the calls, so that
a reservation is checked and written in one that no other can overlap.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from zos.db.engine import LATER, Database
from zos.db.sets import one_of
from zos.db.tables.community import erasure
from zos.db.tables.runs import model_call, model_call_member
from zos.llm.call import CallOutcome, ModelCall
from zos.llm.limits import Spent, Window
from zos.llm.sums.store import CallSums

# Written out, not bound: only then can SQLite tell that the partial index fits.
_ZERO: ColumnElement[int] = literal_column("0")
_RESERVED: ColumnElement[str] = literal_column(f"'{CallOutcome.RESERVED.value}'")
_ERASED = select(erasure.c.member_id).where(one_of(erasure.c.member_id, "ids"))


class ModelCallStore:
    """Records of calls.

    Args:
        db: The store.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._sums = CallSums(db)
        insert = db.insert(model_call)
        changed = {one.name: insert.excluded[one.name] for one in model_call.c if one.name != "id"}
        put = insert.on_conflict_do_update(index_elements=["id"], set_=changed)
        self._put = put.execution_options(**LATER)
        add_people = db.insert(model_call_member).on_conflict_do_nothing()
        self._add_people = add_people.execution_options(**LATER)

    async def reserve(
        self, call: ModelCall, window: Window, check: Callable[[Spent], None]
    ) -> None:
        """Write `call` with its reservation, unless `check` raises on what is spent or reserved by now.

        Asked again with a larger reservation, the same call's row is replaced; what it held before
        is part of what `check` sees.
        """

        async def write(connection: AsyncConnection) -> None:
            await self._sums.be_alone(connection)
            check(await _spent(connection, call, window))
            await self._write(connection, call)

        await self._db.write_at_once(write)

    async def record(self, call: ModelCall) -> None:
        """Write how `call` ended, over its reservation if it had one."""

        async def write(connection: AsyncConnection) -> None:
            await self._sums.be_alone(connection)
            await self._write(connection, call)

        await self._db.write_at_once(write, is_paid=True)

    async def _write(self, connection: AsyncConnection, call: ModelCall) -> None:
        shown = call.context.member_ids
        erased = await connection.scalars(_ERASED, {"ids": shown}) if shown else ()
        gone = frozenset(erased)
        # Somebody may have been erased while the model answered: their call stays with its costs alone.
        async with self._sums.counting(connection, {call.id: call.called_at}):
            await connection.execute(self._put, _row(call) | ({"prompt_hash": ""} if gone else {}))
        people = [{"call_id": call.id, "member_id": one} for one in sorted(shown - gone)]
        if people:
            await connection.execute(self._add_people, people)

    async def mark_lost(self, before: datetime) -> int:
        """Mark calls still reserved that began before `before`; their reservations stay their cost."""
        async with self._db.write() as connection:
            await self._sums.be_alone(connection)
            found = await connection.execute(_OPEN, {"before": before})
            calls = {row.id: row.called_at for row in found}
            async with self._sums.counting(connection, calls):
                await connection.execute(_LOSE, {"before": before})
        return len(calls)


async def _spent(connection: AsyncConnection, call: ModelCall, window: Window) -> Spent:
    """Sum the costs of the run's calls and of the window's, each from an index alone."""
    context = call.context
    given = {
        "run": context.run_id,
        "server": context.server_id,
        "day": window.day,
        "since": window.since,
    }
    run, day, month, server_day = map(int, (await connection.execute(_SPENT, given)).one())
    # Calls outside a run, or outside servers, share no limit with each other.
    return Spent(
        run=0 if context.run_id is None else run,
        day=day,
        month=month,
        server_day=0 if context.server_id is None else server_day,
    )


def _cost_of(*conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    cost = func.coalesce(func.sum(model_call.c.cost_microusd), 0)
    return select(cost).where(*conditions).scalar_subquery()


_COSTS = model_call.c.cost_microusd > _ZERO
_IN_DAY = model_call.c.called_at >= bindparam("day")
_SPENT = select(
    _cost_of(model_call.c.run_id == bindparam("run")),
    _cost_of(_IN_DAY, _COSTS),
    _cost_of(model_call.c.called_at >= bindparam("since"), _COSTS),
    _cost_of(_IN_DAY, _COSTS, model_call.c.server_id == bindparam("server")),
)
_IS_OPEN = (model_call.c.outcome == _RESERVED, model_call.c.called_at < bindparam("before"))
_OPEN = select(model_call.c.id, model_call.c.called_at).where(*_IS_OPEN)
_LOSE = (
    update(model_call)
    .where(*_IS_OPEN)
    .values(outcome=CallOutcome.LOST.value, error="The process ended during the call.")
)


def _row(call: ModelCall) -> dict[str, Any]:
    return {
        "id": call.id,
        "run_id": call.context.run_id,
        "target_id": call.context.target_id,
        "server_id": call.context.server_id,
        "layer": call.context.layer,
        "node": call.context.node,
        "profile": call.profile,
        "model": call.model,
        "prompt_hash": call.prompt_hash,
        "outcome": call.outcome.value,
        "error": call.error,
        "tokens_in": call.usage.tokens_in,
        "tokens_out": call.usage.tokens_out,
        "requests": call.usage.requests,
        "cost_microusd": call.usage.cost_microusd,
        "latency_ms": call.latency_ms,
        "called_at": call.called_at,
    }
