"""Random histories of a service: no slot has two outcomes, and none that was promised has none.

A history is any sequence of starts, stops, kills, edits of the layer, pauses, clock steps and
nights slept through. The database is real; runs are carried out by claiming and finishing their rows.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from tests.scheduler.layers import layer

from zos.config import Config
from zos.config.model import SchedulerConfig
from zos.core.clock import SimulatedClock
from zos.db.engine import Database
from zos.db.tables import layer_run
from zos.reflect.layer import Layer
from zos.reflect.loader import LayerLoader, LayerSource
from zos.reflect.runs.model import LayerRun
from zos.reflect.runs.owner import this_process
from zos.reflect.runs.store import RunStore, as_run
from zos.reflect.states import RunStatus
from zos.scheduler.definitions.lookup import Definitions
from zos.scheduler.definitions.store import DefinitionStore
from zos.scheduler.fire import Fires
from zos.scheduler.pings import Pings
from zos.scheduler.recovery import Recovery
from zos.scheduler.slots.accounts import Accounts
from zos.scheduler.state.model import Pause, Promise
from zos.scheduler.state.store import LayerStateStore
from zos.scheduler.terms import terms_of

BEGIN = datetime(2026, 3, 27, 12, 0, tzinfo=UTC)  # two days before Berlin's clocks change
SCHEDULES = ("0 3 * * *", "*/20 * * * *", "30 2 * * *", "0 */5 * * *", "0 4 * * 0")
ZONES = ("UTC", "Europe/Berlin")
SETTINGS = SchedulerConfig(misfire_grace_time=2 * 3600)

minutes = st.integers(min_value=1, max_value=3 * 24 * 60)
wishes = st.fixed_dictionaries(
    {
        "schedule": st.sampled_from(SCHEDULES),
        "timezone": st.sampled_from(ZONES),
        "jitter": st.sampled_from((0, 900)),
        "trigger_threshold": st.sampled_from((None, 5)),
        "catch_up": st.sampled_from(("once", "all", "none")),
        "overlap": st.sampled_from(("buffer_one", "skip")),
        "enabled": st.booleans(),
    }
)
often = st.one_of(
    st.tuples(st.just("sleep"), st.integers(min_value=1, max_value=40)),
    st.tuples(st.just("change"), wishes),
    st.tuples(st.just("wake"), st.none()),
    st.tuples(st.just("work"), st.none()),
)
seldom = st.one_of(
    st.tuples(st.just("sleep"), minutes),
    st.tuples(st.sampled_from(("start", "stop", "kill", "claim", "resume", "remove")), st.none()),
    st.tuples(st.just("edit"), wishes),
    st.tuples(st.just("pause"), st.none() | minutes),
    st.tuples(st.just("step"), st.integers(min_value=-24 * 60, max_value=24 * 60)),
)
events = often | seldom


class Layers(LayerLoader):
    """Layers without files."""

    def __init__(self) -> None:
        super().__init__(None)
        self.nightly: Layer | None = layer()

    @property
    def sources(self) -> dict[str, LayerSource]:
        if self.nightly is None:
            return {}
        return {"nightly": LayerSource(self.nightly, "nightly.yaml", "")}


class Hands:
    """A dispatcher that keeps what it is given until it is told to work."""

    is_draining = False

    def __init__(self) -> None:
        self.held: dict[str, LayerRun] = {}

    def submit(self, run: LayerRun) -> None:
        self.held.setdefault(run.id, run)

    def holds(self, run_id: str) -> bool:
        return run_id in self.held

    async def wait(self, run_id: str) -> None:
        """Nothing is at work."""

    async def cancel(self, run_id: str) -> None:
        self.held.pop(run_id, None)

    async def drain(self, seconds: float) -> None:
        """Nothing is at work."""


@dataclass
class History:
    """A service on a store, its layer, and what it has promised.

    Attributes:
        promise: The schedule that was in force at the last settling, as this test remembers it.
        since: When it came into force.
        owed: Every slot that was promised and has come.
    """

    database: Database
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(BEGIN))
    layers: Layers = field(default_factory=Layers)
    is_up: bool = False
    lives: int = 0
    finished: Counter[str] = field(default_factory=Counter)
    promise: Promise | None = None
    since: datetime = BEGIN
    owed: set[datetime] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.runs = RunStore(self.database)
        self.states = LayerStateStore(self.database)
        self._begin_life()

    def _begin_life(self) -> None:
        self.hands = Hands()
        definitions = Definitions(self.layers, DefinitionStore(self.database), self.clock)
        accounts = Accounts(self.database, SETTINGS, self.clock)
        self.fires = Fires(
            self.database, definitions, accounts, self.hands, Pings(), clock=self.clock
        )
        self.recovery = Recovery(self.runs, self.hands, self.clock, stall_seconds=20)

    @property
    def owner(self) -> str:
        """A process that is dead once another life has begun."""
        return f"{this_process()}{self.lives}"

    async def settle(self, only: list[str] | None = None) -> None:
        """Settle, having written down by brute force what is owed."""
        now, current = self.clock.now(), self.layers.nightly
        wanted = None if current is None else Promise(current.schedule or "", _zone(current))
        waits = current is not None and wanted == self.promise
        offset = terms_of(current, SETTINGS).offset if waits and current else timedelta(0)
        if self.promise is not None:
            after = max(self.since, *self.owed) if self.owed else self.since
            self.owed |= set(_fires(self.promise, after, now - offset))
        if wanted != self.promise:
            self.promise, self.since = wanted, now
        await self.fires.due(only)

    async def apply(self, event: str, value: Any) -> None:
        """Let one thing happen."""
        match event:
            case "sleep" | "step":
                self.clock.move_to(self.clock.now() + timedelta(minutes=value))
            case "edit":
                self.layers.nightly = layer(**value)
            case "change":  # while it runs, or before it starts
                self.layers.nightly = layer(**value)
                await self.start()
            case "remove":
                self.layers.nightly = None
            case "pause":
                now = self.clock.now()
                until = None if value is None else now + timedelta(minutes=value)
                await self.states.pause("nightly", Pause(now, until, "ada", "moving"))
            case "resume":
                await self.settle()
                await self.states.resume("nightly")
            case _:
                await getattr(self, event)()

    async def start(self) -> None:
        self.is_up = True
        await self.settle()
        await self.recovery.sweep(at_start=True)

    async def stop(self) -> None:
        self.is_up = False
        self.lives += 1
        self._begin_life()

    kill = stop

    async def wake(self) -> None:
        if self.is_up:
            await self.settle(["nightly"])

    async def claim(self) -> None:
        """Begin the first run that waits, and go no further: a kill may follow."""
        for run_id in tuple(self.hands.held):
            if await self.runs.claim(run_id, owner=self.owner, now=self.clock.now()):
                return

    async def work(self) -> None:
        """Carry out everything that is held, as the dispatcher would."""
        for run_id in tuple(self.hands.held):
            run = await self.runs.get(run_id)
            now = self.clock.now()
            taken = run.owner == self.owner and run.status is RunStatus.RUNNING
            if run.status is RunStatus.RUNNING and not taken:
                taken = await self.runs.take_over(run, owner=self.owner, now=now)
            taken = taken or await self.runs.claim(run_id, owner=self.owner, now=now)
            if not taken:
                continue
            status = RunStatus.SUCCESS
            await self.runs.finish(run_id, owner=self.owner, status=status, reason="", now=now)
            self.finished[run_id] += 1
            del self.hands.held[run_id]

    async def end(self) -> list[LayerRun]:
        """Start once more, let everything end, and return all rows by slot."""
        await self.stop()
        await self.start()
        for _ in range(3):
            await self.work()
        async with self.database.read() as connection:
            rows = await connection.execute(select(layer_run).order_by(layer_run.c.slot))
            return [as_run(row) for row in rows]


def _zone(of: Layer) -> str:
    return of.timezone or SETTINGS.timezone


def _fires(promise: Promise, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield fires by the cron library alone."""
    zone = UTC if promise.timezone == "UTC" else ZoneInfo(promise.timezone)
    for fire in CronSim(promise.schedule, after.astimezone(zone)):
        if fire > until:
            return
        if fire > after:
            yield fire.astimezone(UTC)


@contextmanager
def copied(template: Path) -> Iterator[Config]:
    folder = Path(tempfile.mkdtemp(prefix="zos-history-"))
    shutil.copyfile(template, folder / "zos.db")
    try:
        yield Config.model_validate({"data_dir": folder})
    finally:
        shutil.rmtree(folder)


async def live(config: Config, happenings: list[tuple[str, Any]]) -> None:
    database = Database(config)
    await database.connect()
    try:
        history = History(database)
        for event, value in happenings:
            await history.apply(event, value)
        rows = await history.end()
    finally:
        await database.close()
    spans = [(run.slot, run.slot_last or run.slot) for run in rows if run.slot is not None]
    for (_, last), (following, _) in pairwise(spans):
        assert last < following, "a slot has two outcomes"
    for slot in history.owed:
        assert any(first <= slot <= last for first, last in spans), "a slot has no outcome"
    assert sum(run.slot_count for run in rows) == len(history.owed)
    assert all(run.status.is_final for run in rows), "a run was left behind"
    assert max(history.finished.values(), default=1) == 1, "a run was carried out twice"
    carried_out = {run.id for run in rows if run.status is RunStatus.SUCCESS}
    assert carried_out == set(history.finished)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happenings=st.lists(events, min_size=3, max_size=25))
def test_no_slot_runs_twice_and_none_is_without_an_outcome(
    sqlite_template: Path, happenings: list[tuple[str, Any]]
) -> None:
    with copied(sqlite_template) as config:
        asyncio.run(live(config, happenings))


EVERY_20 = {"schedule": "*/20 * * * *", "jitter": 900}  # woken ten minutes after its slot
BY_HAND: dict[str, list[tuple[str, Any]]] = {
    "killed while it ran, and started on a clock that was set back": [
        ("start", None),
        ("sleep", 16 * 60),
        ("wake", None),
        ("claim", None),
        ("kill", None),
        ("step", -60),
        ("start", None),
        ("work", None),
    ],
    "edited while it was down for days": [
        ("start", None),
        ("stop", None),
        ("sleep", 3 * 24 * 60),
        ("edit", {"schedule": "*/20 * * * *", "timezone": "Europe/Berlin"}),
        ("start", None),
    ],
    "edited while a slot waited for its jitter": [
        ("change", EVERY_20),
        ("sleep", 25),
        ("change", EVERY_20 | {"trigger_threshold": 5}),
        ("sleep", 10),
        ("wake", None),
    ],
    "rescheduled while a slot waited for its jitter": [
        ("change", EVERY_20),
        ("sleep", 25),
        ("change", {"schedule": "0 4 * * 0", "jitter": 900}),
        ("sleep", 10),
    ],
    "paused over a night and resumed while it was down": [
        ("start", None),
        ("pause", None),
        ("kill", None),
        ("sleep", 24 * 60),
        ("resume", None),
        ("start", None),
    ],
}


@pytest.mark.parametrize("happenings", BY_HAND.values(), ids=BY_HAND)
def test_a_history_by_hand(sqlite_template: Path, happenings: list[tuple[str, Any]]) -> None:
    with copied(sqlite_template) as config:
        asyncio.run(live(config, happenings))
