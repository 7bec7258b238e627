"""The inline dispatcher: one run of a layer at a time, several layers at once, and an orderly end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.scheduler.runs import run

from zos.reflect.runs.model import LayerRun
from zos.scheduler.dispatch import InlineDispatcher


class Workshop:
    """Works on runs until it is told that they may end, and counts who is at it at once."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.most_at_once = 0
        self.busy_elsewhere = 0
        self._at_work: list[LayerRun] = []
        self._gate = asyncio.Event()

    def open(self) -> None:
        """Let everything end."""
        self._gate.set()

    async def carry_out(self, one: LayerRun) -> bool:
        if self.busy_elsewhere:
            self.busy_elsewhere -= 1
            return False
        self.begun.append(one.id)
        self._at_work.append(one)
        assert len({each.layer for each in self._at_work}) == len(self._at_work)
        self.most_at_once = max(self.most_at_once, len(self._at_work))
        try:
            await self._gate.wait()
        except asyncio.CancelledError:
            self.cancelled.append(one.id)
            raise
        finally:
            self._at_work.remove(one)
        self.ended.append(one.id)
        return True


@pytest.fixture
def workshop() -> Workshop:
    return Workshop()


@pytest.fixture
def dispatcher(workshop: Workshop) -> InlineDispatcher:
    return InlineDispatcher(workshop.carry_out, concurrency=2)


async def until(happened: Callable[[], bool]) -> None:
    for _ in range(1_000):
        if happened():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not happen")


async def test_runs_of_one_layer_follow_each_other_in_order(
    dispatcher: InlineDispatcher, workshop: Workshop
) -> None:
    for number in range(3):
        dispatcher.submit(run(str(number)))
    await until(lambda: workshop.begun == ["0"])
    workshop.open()
    await dispatcher.wait("2")
    assert workshop.ended == ["0", "1", "2"]
    assert not dispatcher.holds("2")


async def test_layers_run_side_by_side_up_to_the_bound(
    dispatcher: InlineDispatcher, workshop: Workshop
) -> None:
    for number in range(5):
        dispatcher.submit(run(str(number), layer=f"layer-{number}"))
    await until(lambda: len(workshop.begun) == 2)
    workshop.open()
    await dispatcher.wait("4")
    assert workshop.most_at_once == 2


async def test_a_run_is_taken_on_once(dispatcher: InlineDispatcher, workshop: Workshop) -> None:
    dispatcher.submit(run())
    dispatcher.submit(run())
    workshop.open()
    await dispatcher.wait("1")
    assert workshop.ended == ["1"]


async def test_a_run_whose_layer_runs_elsewhere_is_tried_again(
    workshop: Workshop,
) -> None:
    dispatcher = InlineDispatcher(workshop.carry_out, concurrency=2, retry_seconds=0)
    workshop.busy_elsewhere = 3
    workshop.open()
    dispatcher.submit(run())
    await dispatcher.wait("1")
    assert workshop.ended == ["1"]


async def test_a_cancelled_run_is_let_go_of(
    dispatcher: InlineDispatcher, workshop: Workshop
) -> None:
    dispatcher.submit(run())
    await until(lambda: workshop.begun == ["1"])
    await dispatcher.cancel("1")
    assert workshop.cancelled == ["1"]
    assert not dispatcher.holds("1")
    await dispatcher.cancel("unknown")
    await dispatcher.wait("unknown")


async def test_draining_lets_what_is_at_work_end_and_begins_nothing(
    dispatcher: InlineDispatcher, workshop: Workshop
) -> None:
    dispatcher.submit(run("1"))
    dispatcher.submit(run("2"))  # waits for the first
    await until(lambda: workshop.begun == ["1"])
    draining = asyncio.create_task(dispatcher.drain(60))
    await until(lambda: not dispatcher.holds("2"))
    assert dispatcher.is_draining
    dispatcher.submit(run("3", layer="other"))
    workshop.open()
    await draining
    assert (workshop.ended, workshop.cancelled) == (["1"], [])


async def test_what_does_not_end_in_time_is_stopped(
    dispatcher: InlineDispatcher, workshop: Workshop
) -> None:
    dispatcher.submit(run())
    await until(lambda: workshop.begun == ["1"])
    await dispatcher.drain(0.01)
    assert workshop.cancelled == ["1"]


async def test_a_second_call_ends_the_wait_of_the_first(
    dispatcher: InlineDispatcher, workshop: Workshop
) -> None:
    dispatcher.submit(run())
    await until(lambda: workshop.begun == ["1"])
    first = asyncio.create_task(dispatcher.drain(600))
    await asyncio.sleep(0)
    await dispatcher.drain(0)
    async with asyncio.timeout(5):
        await first
    assert workshop.cancelled == ["1"]
