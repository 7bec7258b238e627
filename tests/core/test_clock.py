"""Clocks: the machine's runs by itself, the simulated one stands still until it is moved."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos.core.clock import Clock, SimulatedClock, SystemClock

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


async def test_the_machines_clock_shows_utc_and_goes_on() -> None:
    clock: Clock = SystemClock()
    before = clock.now()
    await clock.sleep(0.001)
    assert before.tzinfo is UTC
    assert clock.now() - before >= timedelta(milliseconds=1)
    assert abs(datetime.now(UTC) - clock.now()) < timedelta(seconds=5)


def test_a_simulated_clock_stands_still() -> None:
    clock = SimulatedClock(START)
    assert clock.now() == clock.now() == START


@given(st.lists(st.floats(-10, 86_400), max_size=20))
def test_sleeping_moves_a_simulated_clock_and_never_back(sleeps: list[float]) -> None:
    clock = SimulatedClock(START)

    async def sleep_all() -> None:
        for seconds in sleeps:
            before = clock.now()
            await clock.sleep(seconds)
            assert clock.now() == before + timedelta(seconds=max(0.0, seconds))

    asyncio.run(sleep_all())


async def test_sleeping_lets_other_tasks_have_their_turn() -> None:
    clock = SimulatedClock(START)
    turns: list[datetime] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(_note(clock, turns))
        await clock.sleep(60)
        assert turns == [START + timedelta(seconds=60)]


async def _note(clock: Clock, turns: list[datetime]) -> None:
    turns.append(clock.now())
    await asyncio.sleep(0)


@pytest.mark.parametrize("hours", [-3, 0, 5])
def test_a_simulated_clock_shows_utc_wherever_it_was_set(hours: int) -> None:
    zone = timezone(timedelta(hours=hours))
    clock = SimulatedClock(START.astimezone(zone))
    assert clock.now().tzinfo is UTC
    clock.move_to((START - timedelta(days=1)).astimezone(zone))
    assert clock.now() == START - timedelta(days=1)
    assert clock.now().tzinfo is UTC
