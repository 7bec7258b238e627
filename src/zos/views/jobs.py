"""Jobs as they are shown: what each layer has promised, what became of it, and what comes next.

In: the layers in force, the store, and the present. Out: frozen rows. Nothing here needs a running
scheduler: all that it would say stands in the store.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from zos.config import Config
from zos.db.engine import Database
from zos.reflect.layer import Layer
from zos.reflect.loader import LayerLoader
from zos.reflect.states import RunStatus
from zos.scheduler.crontab import jitter_offset
from zos.scheduler.jobs.codec import job_id, job_name
from zos.views.job_rows import (
    OUTCOMES_WINDOW,
    LayerRows,
    OutcomeCount,
    PauseView,
    read_job_rows,
)
from zos.views.runs import RunView

NEXT_FIRES = 10
OVERDUE_AFTER = timedelta(minutes=1)
"""A timer that is later than this is not merely busy."""


@dataclass(frozen=True, slots=True)
class Fire:
    """One coming fire: the same moment in UTC and on the layer's own wall clock."""

    utc: datetime
    local: datetime


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One layer as the scheduler sees it.

    Attributes:
        name: The job's name, for people.
        schedule: As written; None: it runs by hand or by its threshold only.
        schedule_in_words: The same in English.
        offset_seconds: How long after each slot it starts (its jitter, always the same).
        next_fires: Its next `NEXT_FIRES` slots; none while it is disabled.
        overdue_since: The fire that the timer should have made and has not, if there is one.
        insights_since_run: Insights by other layers since its last run, towards `trigger_threshold`.
        paused: None while it is not paused.
        failures_in_row: Runs that have failed since the last that did not.
        last: The newest of its finished runs and of its fires that did not run.
        running: Its run in progress.
        waiting: Runs that wait for their turn.
        outcomes: How many slots were missed, skipped or coalesced since `outcomes_since`, by reason.
    """

    layer: str
    job_id: str
    name: str
    description: str
    enabled: bool
    schedule: str | None
    schedule_in_words: str | None
    timezone: str
    offset_seconds: int
    next_fires: tuple[Fire, ...]
    overdue_since: datetime | None
    trigger_threshold: int | None
    insights_since_run: int
    paused: PauseView | None
    failures_in_row: int
    last: RunView | None
    running: RunView | None
    waiting: int
    outcomes: tuple[OutcomeCount, ...]
    outcomes_since: datetime


@dataclass(frozen=True, slots=True)
class JobList:
    """All jobs, and what stands in their way.

    Attributes:
        problems: Layer files that could not be used, a line each.
        parked: Rows of the job store that are not jobs of Zos, by the names they are kept under.
    """

    jobs: tuple[JobStatus, ...]
    problems: tuple[str, ...]
    parked: tuple[str, ...]


class JobsView:
    """Reads jobs.

    Args:
        database: The store.
        loader: The layers in force. Its files are read by whoever loads it, not here.
        config: Its scheduler's zone is that of layers without their own.
    """

    def __init__(self, database: Database, loader: LayerLoader, config: Config) -> None:
        self._database = database
        self._loader = loader
        self._default_zone = config.scheduler.timezone
        self._fires: dict[str, _Fires] = {}

    async def all(self, now: datetime) -> JobList:
        """Return every layer's job, by name."""
        layers = [source.layer for source in self._loader.sources.values()]
        rows = await read_job_rows(self._database, [layer.name for layer in layers], now)
        jobs = await asyncio.to_thread(
            lambda: tuple(self._status(layer, rows.layers[layer.name], now) for layer in layers)
        )
        return JobList(jobs, tuple(map(str, self._loader.problems)), rows.parked)

    async def get(self, name: str, now: datetime) -> JobStatus:
        """Return one layer's job.

        Raises:
            LayerNotFoundError: If there is no layer of that name.
        """
        layer = self._loader.require(name)
        rows = await read_job_rows(self._database, [name], now)
        return self._status(layer, rows.layers[name], now)

    def zone_of(self, name: str) -> ZoneInfo:
        """Return the zone of a layer's schedule.

        Raises:
            LayerNotFoundError: If there is no layer of that name.
        """
        return self._zone(self._loader.require(name))

    def _zone(self, layer: Layer) -> ZoneInfo:
        return ZoneInfo(layer.timezone or self._default_zone)

    def _status(self, layer: Layer, rows: LayerRows, now: datetime) -> JobStatus:
        cron, zone = layer.cron, self._zone(layer)
        return JobStatus(
            layer=layer.name,
            job_id=job_id(layer.name),
            name=job_name(layer.name),
            description=layer.description,
            enabled=layer.enabled,
            schedule=layer.schedule,
            schedule_in_words=None if cron is None else cron.explain(),
            timezone=zone.key,
            offset_seconds=jitter_offset(layer.name, layer.jitter),
            next_fires=self._next_fires(layer, zone, now),
            overdue_since=_overdue(rows.next_wake_at, now),
            trigger_threshold=layer.trigger_threshold,
            insights_since_run=rows.insights_since_run,
            paused=rows.paused,
            failures_in_row=rows.failures_in_row,
            last=rows.last,
            running=next((run for run in rows.open_runs if run.status is RunStatus.RUNNING), None),
            waiting=sum(run.status is not RunStatus.RUNNING for run in rows.open_runs),
            outcomes=tuple(rows.outcomes),
            outcomes_since=now - OUTCOMES_WINDOW,
        )

    def _next_fires(self, layer: Layer, zone: ZoneInfo, now: datetime) -> tuple[Fire, ...]:
        """Work them out only when one has gone by: that takes longer than to read all jobs."""
        known = self._fires.get(layer.name)
        if known is None or not known.are_next(layer, zone, now):
            known = _Fires(layer, zone, now, next_fires(layer, zone, now))
            self._fires[layer.name] = known
        return known.fires


@dataclass(frozen=True, slots=True)
class _Fires:
    """The next fires of a layer as they were at `since`."""

    layer: Layer
    zone: ZoneInfo
    since: datetime
    fires: tuple[Fire, ...]

    def are_next(self, layer: Layer, zone: ZoneInfo, now: datetime) -> bool:
        """Whether they still are at `now`."""
        is_same = self.layer is layer and self.zone is zone
        return is_same and self.since <= now and (not self.fires or now < self.fires[0].utc)


def next_fires(
    layer: Layer, zone: ZoneInfo, now: datetime, count: int = NEXT_FIRES
) -> tuple[Fire, ...]:
    """Return the next `count` slots of a layer after `now`; none if it is disabled or has no schedule."""
    if layer.cron is None or not layer.enabled:
        return ()
    slots = islice(layer.cron.fires_after(now, zone), count)
    return tuple(Fire(slot, slot.astimezone(zone)) for slot in slots)


def _overdue(next_wake_at: datetime | None, now: datetime) -> datetime | None:
    late = next_wake_at is not None and next_wake_at + OVERDUE_AFTER < now
    return next_wake_at if late else None
