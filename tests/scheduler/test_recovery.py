"""Recovery: what nobody works on is taken up, and what somebody works on is left alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from zos.core.clock import SimulatedClock
from zos.db.engine import Database
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.runs.owner import this_process
from zos.reflect.runs.store import RunStore
from zos.reflect.states import RunStatus, Trigger
from zos.scheduler.dispatch import InlineDispatcher
from zos.scheduler.recovery import SETTLING, Recovery

ELSEWHERE = "other-machine:boot:1:2"
STALL = timedelta(seconds=20)


async def never_ends(_run: LayerRun) -> bool:
    return await asyncio.Event().wait()


@pytest.fixture
def runs(database: Database) -> RunStore:
    return RunStore(database)


@pytest.fixture
async def dispatcher() -> AsyncIterator[InlineDispatcher]:
    made = InlineDispatcher(never_ends, concurrency=1)
    yield made
    await made.drain(0)


@pytest.fixture
def recovery(runs: RunStore, dispatcher: InlineDispatcher, clock: SimulatedClock) -> Recovery:
    return Recovery(runs, dispatcher, clock, stall_seconds=STALL.total_seconds())


async def opened(runs: RunStore, clock: SimulatedClock, layer: str = "nightly") -> LayerRun:
    now = clock.now()
    run = await runs.open(RunRequest(layer, Trigger.MANUAL, "asked", now), now=now)
    assert run is not None
    return run


async def running(
    runs: RunStore, clock: SimulatedClock, owner: str, layer: str = "nightly"
) -> LayerRun:
    run = await opened(runs, clock, layer)
    assert await runs.claim(run.id, owner=owner, now=clock.now())
    return run


async def layers(recovery: Recovery, *, at_start: bool = False) -> list[str]:
    return [run.layer for run in await recovery.sweep(at_start=at_start)]


async def test_a_dead_process_of_this_machine_is_succeeded_at_once(
    recovery: Recovery, runs: RunStore, clock: SimulatedClock
) -> None:
    await running(runs, clock, owner=this_process() + "0")
    assert await layers(recovery) == ["nightly"]


async def test_another_machines_run_is_taken_over_when_its_heartbeat_stops(
    recovery: Recovery, runs: RunStore, clock: SimulatedClock
) -> None:
    await running(runs, clock, owner=ELSEWHERE)
    clock.move_to(clock.now() + STALL)
    assert await layers(recovery) == []
    clock.move_to(clock.now() + timedelta(seconds=1))
    assert await layers(recovery) == ["nightly"]


async def test_a_fresh_run_is_left_to_the_process_that_opened_it(
    recovery: Recovery, runs: RunStore, clock: SimulatedClock
) -> None:
    await opened(runs, clock)
    assert await layers(recovery) == []
    clock.move_to(clock.now() + SETTLING + timedelta(seconds=1))
    assert await layers(recovery) == ["nightly"]


async def test_at_the_start_everything_queued_is_taken_up_in_order(
    recovery: Recovery, runs: RunStore, clock: SimulatedClock
) -> None:
    for name in ("first", "second", "third"):
        await opened(runs, clock, name)
        clock.move_to(clock.now() + timedelta(seconds=1))
    assert await layers(recovery, at_start=True) == ["first", "second", "third"]


async def test_an_interrupted_run_is_taken_up(
    recovery: Recovery, runs: RunStore, clock: SimulatedClock
) -> None:
    run = await running(runs, clock, owner=ELSEWHERE)
    await runs.finish(
        run.id,
        owner=ELSEWHERE,
        status=RunStatus.INTERRUPTED,
        reason="stopped",
        now=clock.now(),
    )
    assert await layers(recovery) == ["nightly"]


async def test_what_is_held_here_is_not_taken_up_twice(
    recovery: Recovery, runs: RunStore, clock: SimulatedClock, dispatcher: InlineDispatcher
) -> None:
    dispatcher.submit(await opened(runs, clock))
    assert await layers(recovery, at_start=True) == []


async def test_a_sweep_can_look_at_one_layer_only(
    recovery: Recovery, runs: RunStore, clock: SimulatedClock
) -> None:
    for name in ("mine", "other"):
        await running(runs, clock, owner=this_process() + "0", layer=name)
    assert [run.layer for run in await recovery.sweep("mine")] == ["mine"]
