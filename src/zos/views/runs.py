"""Runs as they are shown: a page of them, one with all that it did, and those that have changed.

In: filters and cursors. Out: frozen rows; money in US dollars, salience in points.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, func, select

from zos.core.errors import NotFoundError
from zos.core.ids import ulid_floor
from zos.db.engine import Connection, Database
from zos.db.tables import MICRO, insight, layer_run, model_call, run_target, selection
from zos.reflect.states import RunStatus, TargetStatus, Trigger
from zos.views.counts import runs_since
from zos.views.outputs import OutputView, outputs_of
from zos.views.page import Page, page_of

MAX_DETAIL_ROWS = 500
"""Targets, calls and considered topics of one run that are shown, at most of each."""

NOT_RUN = (RunStatus.MISSED.value, RunStatus.SKIPPED.value, RunStatus.COALESCED.value)
_ON_TIME = (Trigger.SCHEDULE.value, Trigger.CATCH_UP.value)


@dataclass(frozen=True, slots=True)
class RunView:
    """A run, or the outcome of a fire that did not run.

    Attributes:
        layer_hash: The version of the layer that it ran.
        slot: The nominal time of the fire; None for manual and threshold runs.
        slot_last: The last slot that a summary of `slot_count` slots answers for.
        coalesced_into: The run that answers for this slot.
        lateness_seconds: From when the fire was due (its slot and the layer's jitter) to when it was
            recorded; None where there is no promise to be late for, or nothing was fired.
        wait_seconds: From the record to the start: for its turn, or a free place.
        duration_seconds: From the start to the end; None in a replay, whose clock stands still meanwhile.
        targets_done: Targets in a final state.
    """

    id: str
    layer: str
    layer_hash: str | None
    trigger: Trigger
    status: RunStatus
    reason: str
    slot: datetime | None
    slot_last: datetime | None
    slot_count: int
    coalesced_into: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    lateness_seconds: float | None
    wait_seconds: float | None
    duration_seconds: float | None
    targets_total: int
    targets_done: int
    insights_created: int
    tokens_in: int
    tokens_out: int
    cost_usd: float


@dataclass(frozen=True, slots=True)
class TargetView:
    """One topic of a run."""

    id: str
    topic: str
    status: TargetStatus
    reason: str
    attempts: int
    estimated_tokens: int
    started_at: datetime | None
    finished_at: datetime | None
    tokens_in: int
    tokens_out: int
    cost_usd: float
    salience_spent: float
    insights_created: int


@dataclass(frozen=True, slots=True)
class CallView:
    """One call of a model. `cost_usd` is the reservation for as long as `outcome` is `reserved`."""

    id: str
    target_id: str | None
    node: str
    profile: str
    model: str
    outcome: str
    error: str | None
    tokens_in: int
    tokens_out: int
    requests: int
    cost_usd: float
    latency_ms: int
    called_at: datetime


@dataclass(frozen=True, slots=True)
class ConsideredView:
    """A topic that the run's selection looked at, and why it was chosen or not."""

    topic: str
    salience: float
    chosen: bool
    reason: str


@dataclass(frozen=True, slots=True)
class InsightRef:
    """An insight that the run stored."""

    id: str
    topic: str


@dataclass(frozen=True, slots=True)
class RunDetail:
    """A run with what it did; each list holds at most `MAX_DETAIL_ROWS`.

    Attributes:
        targets_by_status: How many targets there are in each state, all of them.
        calls_total: How many calls there are, all of them.
    """

    run: RunView
    targets: tuple[TargetView, ...]
    targets_by_status: dict[str, int]
    calls: tuple[CallView, ...]
    calls_total: int
    selection: tuple[ConsideredView, ...]
    insights: tuple[InsightRef, ...]
    outputs: tuple[OutputView, ...]


class RunsView:
    """Reads runs.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        *,
        layer: str | None = None,
        statuses: Collection[RunStatus] = (),
        trigger: Trigger | None = None,
        since: datetime | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> Page[RunView]:
        """Return runs, newest first.

        Args:
            layer: Only of this layer.
            statuses: Only in one of these states; empty: in any.
            trigger: Only those that this made run.
            since: Only those recorded at this time (aware) or later.
            before: The cursor: only runs older than this id.
            limit: 1 to `zos.views.page.MAX_LIMIT`.
        """
        query = select(layer_run).order_by(layer_run.c.id.desc()).limit(limit + 1)
        if layer is not None:
            query = query.where(layer_run.c.layer == layer)
        if statuses:
            query = query.where(layer_run.c.status.in_([one.value for one in statuses]))
        if trigger is not None:
            query = query.where(layer_run.c.trigger == trigger.value)
        if since is not None:
            query = query.where(layer_run.c.id >= ulid_floor(since))
        if before is not None:
            query = query.where(layer_run.c.id < before)
        async with self._database.read() as connection:
            found = [as_run_view(row) for row in await connection.execute(query)]
        return page_of(found, limit, lambda run: run.id)

    async def counts_since(self, since: datetime) -> dict[RunStatus, int]:
        """Return how many runs recorded since `since` (aware) are in each state that any is in."""
        return await runs_since(self._database, since)

    async def get(self, run_id: str) -> RunView:
        """Return one run.

        Raises:
            NotFoundError: If there is none of that id.
        """
        async with self._database.read() as connection:
            return await _run(connection, run_id)

    async def detail(self, run_id: str) -> RunDetail:
        """Return one run with its targets, calls, selection and insights.

        Raises:
            NotFoundError: If there is none of that id.
        """

        async def work(connection: Connection) -> RunDetail:
            return await _detail(connection, run_id)

        return await self._database.read_at_once(work)


async def _detail(connection: Connection, run_id: str) -> RunDetail:
    given = {"run": run_id}
    run = await _run(connection, run_id)
    targets = (await connection.execute(_TARGETS, given)).all()
    calls = (await connection.execute(_CALLS, given)).all()
    selected = (await connection.execute(_SELECTION, given)).all()
    insights = (await connection.execute(_INSIGHTS, given)).all()
    return RunDetail(
        run=run,
        targets=tuple(map(as_target_view, targets)),
        targets_by_status=await _by_status(connection, run_id, targets),
        calls=tuple(map(as_call_view, calls)),
        calls_total=await _calls_total(connection, run_id, calls),
        selection=tuple(map(_considered, selected)),
        insights=tuple(InsightRef(row.id, row.topic_key) for row in insights),
        outputs=await outputs_of(connection, run_id),
    )


def as_run_view(row: Row[Any]) -> RunView:
    """Return a row of `layer_run` as it is shown."""
    return RunView(
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
        lateness_seconds=_lateness(row),
        wait_seconds=_seconds(row.created_at, row.started_at),
        duration_seconds=_duration(row),
        targets_total=row.targets_total,
        targets_done=row.targets_done,
        insights_created=row.insights_created,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        cost_usd=row.cost_microusd / MICRO,
    )


def _lateness(row: Row[Any]) -> float | None:
    was_fired = row.started_at is not None or row.status not in NOT_RUN
    return _seconds(row.due_at, row.created_at) if was_fired and row.trigger in _ON_TIME else None


def _duration(row: Row[Any]) -> float | None:
    is_told = row.trigger != Trigger.REPLAY
    return _seconds(row.started_at, row.finished_at) if is_told else None


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else (end - start).total_seconds()


async def _run(connection: Connection, run_id: str) -> RunView:
    row = (await connection.execute(select(layer_run).where(layer_run.c.id == run_id))).first()
    if row is None:
        raise NotFoundError(f"There is no run {run_id}.", hint="See `zos reflect runs`.")
    return as_run_view(row)


async def _by_status(
    connection: Connection, run_id: str, targets: Sequence[Row[Any]]
) -> dict[str, int]:
    if len(targets) < MAX_DETAIL_ROWS:
        return dict(sorted(Counter(row.status for row in targets).items()))
    return {row.status: row.targets for row in await connection.execute(_COUNTS, {"run": run_id})}


async def _calls_total(connection: Connection, run_id: str, calls: Sequence[Row[Any]]) -> int:
    if len(calls) < MAX_DETAIL_ROWS:
        return len(calls)
    return (await connection.execute(_CALLS_TOTAL, {"run": run_id})).scalar_one()


def _of_run(table: Table, order: ColumnElement[Any], *columns: ColumnElement[Any]) -> Select[Any]:
    found = select(*columns or [table]).where(table.c.run_id == bindparam("run"))
    return found.order_by(order).limit(MAX_DETAIL_ROWS)


_TARGETS = _of_run(run_target, run_target.c.position)
_CALLS = _of_run(model_call, model_call.c.id)
_SELECTION = _of_run(selection, selection.c.position)
_INSIGHTS = _of_run(insight, insight.c.seq, insight.c.id, insight.c.topic_key)
_COUNTS = (
    select(run_target.c.status, func.count().label("targets"))
    .where(run_target.c.run_id == bindparam("run"))
    .group_by(run_target.c.status)
    .order_by(run_target.c.status)
)
_CALLS_TOTAL = select(func.count()).where(model_call.c.run_id == bindparam("run"))


def as_target_view(row: Row[Any]) -> TargetView:
    """Return a row of `run_target` as it is shown."""
    return TargetView(
        id=row.id,
        topic=row.topic_key,
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


def as_call_view(row: Row[Any]) -> CallView:
    """Return a row of `model_call` as it is shown."""
    return CallView(
        id=row.id,
        target_id=row.target_id,
        node=row.node,
        profile=row.profile,
        model=row.model,
        outcome=row.outcome,
        error=row.error,
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        requests=row.requests,
        cost_usd=row.cost_microusd / MICRO,
        latency_ms=row.latency_ms,
        called_at=row.called_at,
    )


def _considered(row: Row[Any]) -> ConsideredView:
    return ConsideredView(row.topic_key, row.balance / MICRO, row.chosen, row.reason)
