"""What the store holds about layers' jobs, read for all of them at once.

In: layers' names and the present. Out: a `LayerRows` for each, in five statements for every hundred
layers, whatever the length of the history.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, Select, func, select, union_all

from zos.core.ids import ulid_floor
from zos.db.engine import Connection, Database
from zos.db.tables import MICRO, apscheduler_jobs, layer_run, layer_state
from zos.db.tables.base import from_micros
from zos.reflect.states import RunStatus
from zos.scheduler.jobs.codec import job_id
from zos.scheduler.jobs.store import PARKED
from zos.scheduler.state.model import Pause
from zos.views.runs import NOT_RUN, RunView, as_run_view

OUTCOMES_WINDOW = timedelta(days=30)
"""How far back slots that did not run are counted."""

_OPEN = [status.value for status in RunStatus if not status.is_final]
# In the order of the index: asked for by their ids, they would be looked for in the whole history.
_OPEN_RUNS = select(layer_run).where(layer_run.c.status.in_(_OPEN)).order_by(layer_run.c.status)
_MAX_OUTCOMES = 2_000  # reasons may hold a time or a count: the commonest are enough
_LAYERS_PER_QUERY = 100  # SQLite takes at most 500 branches of a union


@dataclass(frozen=True, slots=True)
class PauseView:
    """A pause in force. `until` None: until somebody resumes the layer."""

    since: datetime
    until: datetime | None
    by: str
    note: str

    @property
    def words(self) -> str:
        """Who, and why: `paused by ann: moving house`."""
        return f"paused by {self.by or 'somebody'}" + (f": {self.note}" if self.note else "")


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many slots came to one outcome for one reason."""

    status: RunStatus
    reason: str
    slots: int


@dataclass(slots=True)
class LayerRows:
    """What is stored about one layer's job."""

    next_wake_at: datetime | None = None
    paused: PauseView | None = None
    failures_in_row: int = 0
    insights_since_run: int = 0
    last: RunView | None = None
    open_runs: list[RunView] = field(default_factory=list)
    outcomes: list[OutcomeCount] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class JobRows:
    """What is stored about jobs: of each layer asked for, and the rows that are no jobs of Zos."""

    layers: Mapping[str, LayerRows]
    parked: tuple[str, ...]


async def read_job_rows(database: Database, layers: Sequence[str], now: datetime) -> JobRows:
    """Read what is stored about the jobs of `layers` at `now`."""
    found: dict[str, LayerRows] = defaultdict(LayerRows)

    async def work(connection: Connection) -> tuple[str, ...]:
        parked = await _read_timer(connection, layers, found)
        await _read_states(connection, found, now)
        await _read_open_runs(connection, found)
        await _read_outcomes(connection, layers, found, now - OUTCOMES_WINDOW)
        for start in range(0, len(layers), _LAYERS_PER_QUERY):
            await _read_last(connection, layers[start : start + _LAYERS_PER_QUERY], found)
        return parked

    parked = await database.read_at_once(work)
    return JobRows({name: found[name] for name in layers}, parked)


async def _read_timer(
    connection: Connection, layers: Sequence[str], found: dict[str, LayerRows]
) -> tuple[str, ...]:
    layer_of = {job_id(name): name for name in layers}
    parked = []
    query = select(apscheduler_jobs.c.id, apscheduler_jobs.c.next_run_time)
    for row in await connection.execute(query.order_by(apscheduler_jobs.c.id)):
        if row.id.startswith(PARKED):
            parked.append(row.id)
        elif row.id in layer_of and row.next_run_time is not None:
            found[layer_of[row.id]].next_wake_at = from_micros(round(row.next_run_time * MICRO))
    return tuple(parked)


async def _read_states(connection: Connection, found: dict[str, LayerRows], now: datetime) -> None:
    for row in await connection.execute(select(layer_state)):
        rows = found[row.layer]
        rows.failures_in_row = row.failures_in_row
        rows.insights_since_run = row.insights_since_run
        rows.paused = _pause(row, now)


def _pause(row: Row[Any], now: datetime) -> PauseView | None:
    if row.paused_at is None:
        return None
    pause = Pause(row.paused_at, row.paused_until, row.paused_by or "", row.pause_note or "")
    return PauseView(*astuple(pause)) if pause.covers(now) else None


async def _read_open_runs(connection: Connection, found: dict[str, LayerRows]) -> None:
    for row in sorted(await connection.execute(_OPEN_RUNS), key=lambda one: one.id):
        found[row.layer].open_runs.append(as_run_view(row))


async def _read_outcomes(
    connection: Connection, layers: Sequence[str], found: dict[str, LayerRows], since: datetime
) -> None:
    slots = func.sum(layer_run.c.slot_count)
    columns = (layer_run.c.layer, layer_run.c.status, layer_run.c.reason)
    query = (
        select(*columns, slots.label("slots"))
        .where(layer_run.c.status.in_(NOT_RUN), layer_run.c.id >= ulid_floor(since))
        .group_by(*columns)
        .order_by(slots.desc(), *columns)
        .limit(_MAX_OUTCOMES)
    )
    if len(layers) == 1:  # its own index holds far fewer rows
        query = query.where(layer_run.c.layer == layers[0])
    for row in await connection.execute(query):
        count = OutcomeCount(RunStatus(row.status), row.reason, int(row.slots))
        found[row.layer].outcomes.append(count)


async def _read_last(
    connection: Connection, layers: Sequence[str], found: dict[str, LayerRows]
) -> None:
    for row in await connection.execute(_newest_closed(tuple(layers))):
        found[row.layer].last = as_run_view(row)


@lru_cache(maxsize=16)
def _newest_closed(layers: tuple[str, ...]) -> Select[Any]:
    """One indexed look per layer: a GROUP BY would read the whole history."""
    newest = (
        select(layer_run.c.id)
        .where(layer_run.c.layer == name, layer_run.c.status.not_in(_OPEN))
        .order_by(layer_run.c.id.desc())
        .limit(1)
        .subquery()
        for name in layers
    )
    ids = union_all(*(select(one.c.id) for one in newest)).subquery()
    return select(layer_run).join(ids, ids.c.id == layer_run.c.id)
