"""Run rows: opened once, claimed by one process, kept alive by a heartbeat, finished with a reason.

UNIQUE(layer, slot), (layer, request_key) and (layer, generation) decide who opens a run; the
partial unique index over running rows decides that a layer runs once at a time, on every process
of every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, literal, select, update
from sqlalchemy.exc import IntegrityError

from zos.core.errors import NotFoundError
from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.db.tables import MICRO, UtcDateTime, layer_run, layer_state
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.states import RunStatus, Trigger
from zos.reflect.targets.store import CANCELLED, ENDED, lock_targets, skip_open

_CLAIMABLE = (RunStatus.QUEUED.value, RunStatus.INTERRUPTED.value)


class RunStore:
    """Opens, claims and finishes runs.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self,
        request: RunRequest,
        *,
        now: datetime,
        status: RunStatus = RunStatus.QUEUED,
        slot_last: datetime | None = None,
        slot_count: int = 1,
        coalesced_into: str | None = None,
    ) -> LayerRun | None:
        """Record a fire, or return None if its slot, request or generation is recorded already.

        Args:
            request: The fire.
            now: When it is recorded.
            status: `queued` to run it, or the final outcome of a fire that does not run.
            slot_last: The last slot of a summary row.
            slot_count: How many slots the row answers for.
            coalesced_into: The run that answers for this slot.
        """
        row = {
            **opening_row(request, now),
            "status": status.value,
            "slot_last": slot_last,
            "slot_count": slot_count,
            "coalesced_into": coalesced_into,
            "finished_at": now if status.is_final else None,
        }
        statement = (
            self._database.insert(layer_run)
            .values(row)
            .on_conflict_do_nothing()
            .returning(layer_run)
        )
        async with self._database.write() as connection:
            opened = (await connection.execute(statement)).first()
        return None if opened is None else as_run(opened)

    async def claim(self, run_id: str, *, owner: str, now: datetime) -> bool:
        """Make `owner` the one process that runs this queued or interrupted run.

        Returns:
            False if another run of the layer is running, or somebody else was faster.
        """
        claimed = (
            update(layer_run)
            .where(layer_run.c.id == run_id, layer_run.c.status.in_(_CLAIMABLE))
            .values(
                status=RunStatus.RUNNING.value,
                owner=owner,
                heartbeat_at=now,
                started_at=func.coalesce(layer_run.c.started_at, literal(now, UtcDateTime())),
            )
            .returning(layer_run.c.layer, layer_run.c.trigger)
        )
        try:
            async with self._database.write() as connection:
                row = (await connection.execute(claimed)).first()
                if row is not None and row.trigger != Trigger.THRESHOLD.value:
                    # A threshold's fire has taken its part off the counter; any other run starts it anew.
                    reset = update(layer_state).where(layer_state.c.layer == row.layer)
                    await connection.execute(reset.values(insights_since_run=0))
        except IntegrityError:
            return False
        return row is not None

    async def take_over(self, run: LayerRun, *, owner: str, now: datetime) -> bool:
        """Take a running `run` from a dead owner; False if its owner or heartbeat has changed since."""
        statement = (
            update(layer_run)
            .where(
                layer_run.c.id == run.id,
                layer_run.c.status == RunStatus.RUNNING.value,
                layer_run.c.owner == run.owner,
                layer_run.c.heartbeat_at == run.heartbeat_at,
            )
            .values(owner=owner, heartbeat_at=now)
        )
        async with self._database.write() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def heartbeat(self, run_id: str, *, owner: str, now: datetime) -> bool:
        """Say that `owner` is alive; False if the run is no longer its own."""
        statement = update(layer_run).where(*_owned(run_id, owner)).values(heartbeat_at=now)
        async with self._database.write() as connection:
            return (await connection.execute(statement)).rowcount == 1

    async def finish(
        self, run_id: str, *, owner: str, status: RunStatus, reason: str, now: datetime
    ) -> LayerRun:
        """End a run of `owner` (or interrupt it), and return it as it is now."""
        which = _owned(run_id, owner)
        if status.is_final:
            await self._end(which, run_id, status=status, reason=reason, now=now)
        else:
            cut = update(layer_run).where(*which).values(status=status.value, reason=reason)
            async with self._database.write() as connection:
                await connection.execute(cut)
        return await self.get(run_id)

    async def close_unclaimed(
        self, run_id: str, *, status: RunStatus, reason: str, now: datetime
    ) -> bool:
        """Give a queued or interrupted run that nobody will run its final outcome."""
        which = (layer_run.c.id == run_id, layer_run.c.status.in_(_CLAIMABLE))
        return await self._end(which, run_id, status=status, reason=reason, now=now)

    async def cancel(self, run_id: str, *, reason: str, now: datetime) -> bool:
        """Call off an unfinished run, whoever works on it: that process can commit nothing more.

        What is finished of it stays.
        """
        states = (*_CLAIMABLE, RunStatus.RUNNING.value)
        which = (layer_run.c.id == run_id, layer_run.c.status.in_(states))
        return await self._end(which, run_id, status=RunStatus.CANCELLED, reason=reason, now=now)

    async def _end(
        self,
        which: tuple[Any, ...],
        run_id: str,
        *,
        status: RunStatus,
        reason: str,
        now: datetime,
    ) -> bool:
        """End a run and skip its open targets, at once; False, and nothing changes, if it is not `which`."""
        ended = {"status": status.value, "reason": reason, "finished_at": now}
        skipped = CANCELLED if status is RunStatus.CANCELLED else ENDED
        async with self._database.write() as connection:
            await lock_targets(connection, run_id)
            it = select(layer_run.c.id).where(*which).with_for_update(key_share=True)
            if (await connection.execute(it)).first() is None:
                return False
            # Those too that were planned meanwhile: nobody works on them yet, so they need no order.
            await skip_open(connection, run_id, reason=skipped, now=now)
            it_ends = update(layer_run).where(layer_run.c.id == run_id).values(ended)
            await connection.execute(it_ends)
            return True

    async def get(self, run_id: str) -> LayerRun:
        """Return a run.

        Raises:
            NotFoundError: If there is none of that id.
        """
        async with self._database.read() as connection:
            row = (
                await connection.execute(select(layer_run).where(layer_run.c.id == run_id))
            ).first()
        if row is None:
            raise NotFoundError(f"There is no run {run_id}.", hint="See `zos reflect runs`.")
        return as_run(row)

    async def by_request(self, layer: str, request_key: str) -> LayerRun | None:
        """Return the run of a manual request, if it was made before."""
        query = select(layer_run).where(
            layer_run.c.layer == layer, layer_run.c.request_key == request_key
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else as_run(row)

    async def unfinished(self) -> list[LayerRun]:
        """Return all runs that are queued, running or interrupted, oldest first."""
        states = (*_CLAIMABLE, RunStatus.RUNNING.value)
        query = select(layer_run).where(layer_run.c.status.in_(states)).order_by(layer_run.c.id)
        async with self._database.read() as connection:
            return [as_run(row) for row in await connection.execute(query)]

    async def running(self, layer: str) -> LayerRun | None:
        """Return the running run of `layer`, if there is one."""
        query = select(layer_run).where(
            layer_run.c.layer == layer, layer_run.c.status == RunStatus.RUNNING.value
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else as_run(row)

    async def recent(
        self, *, after: datetime, until: datetime, layers: Sequence[str] = (), limit: int
    ) -> list[LayerRun]:
        """Return the newest `limit` runs that began within (`after`, `until`], oldest first.

        Both are the runs' own times. No `layers`: runs of all.
        """
        query = select(layer_run).where(
            layer_run.c.started_at.is_not(None),
            layer_run.c.clock_at > after,
            layer_run.c.clock_at <= until,
        )
        if layers:
            query = query.where(layer_run.c.layer.in_(layers))
        newest = query.order_by(layer_run.c.clock_at.desc(), layer_run.c.id.desc()).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(newest)).all()
        return [as_run(row) for row in reversed(rows)]


def opening_row(request: RunRequest, now: datetime) -> dict[str, object]:
    """Return the columns of a freshly opened run, but for its status and slots."""
    return {
        "id": new_ulid(now),
        "layer": request.layer,
        "layer_hash": request.layer_hash,
        "trigger": request.trigger.value,
        "slot": request.slot,
        "due_at": request.due_at,
        "request_key": request.request_key,
        "generation": request.generation,
        "reason": request.reason,
        "created_at": now,
        "clock_at": request.clock_at,
        **dict.fromkeys(
            ("targets_total", "targets_done", "insights_created", "tokens_in", "tokens_out"), 0
        ),
        "cost_microusd": 0,
    }


def _owned(run_id: str, owner: str) -> tuple[Any, ...]:
    return (
        layer_run.c.id == run_id,
        layer_run.c.owner == owner,
        layer_run.c.status == RunStatus.RUNNING.value,
    )


def as_run(row: Row[Any]) -> LayerRun:
    """Return a row of `layer_run` as a `LayerRun`."""
    return LayerRun(
        id=row.id,
        layer=row.layer,
        layer_hash=row.layer_hash,
        trigger=Trigger(row.trigger),
        status=RunStatus(row.status),
        reason=row.reason,
        slot=row.slot,
        slot_last=row.slot_last,
        slot_count=row.slot_count,
        coalesced_into=row.coalesced_into,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        owner=row.owner,
        heartbeat_at=row.heartbeat_at,
        clock_at=row.clock_at,
        targets_total=row.targets_total,
        targets_done=row.targets_done,
        insights_created=row.insights_created,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        cost_usd=row.cost_microusd / MICRO,
    )
