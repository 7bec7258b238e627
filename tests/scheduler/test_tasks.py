"""Background tasks are owned, and their errors are not swallowed."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from zos.core.errors import DatabaseError
from zos.scheduler.loops import every, until_done
from zos.scheduler.tasks import Tasks


async def test_an_error_is_logged_and_ends_only_its_task() -> None:
    async def fail() -> None:
        raise ValueError("no")

    tasks = Tasks()
    with capture_logs() as logs:
        tasks.spawn(fail(), "doomed")
        await tasks.settle()
    assert [(line["task"], line["error"]) for line in logs] == [("doomed", "no")]


async def test_cancelling_ends_all_of_them() -> None:
    tasks = Tasks()
    sleeping = [tasks.spawn(asyncio.sleep(60), "sleep") for _ in range(3)]
    tasks.cancel()
    await tasks.settle()
    assert all(task.cancelled() for task in sleeping)


async def test_what_does_not_settle_in_time_is_cancelled() -> None:
    tasks = Tasks()
    slow = tasks.spawn(asyncio.sleep(60), "sleep")
    await tasks.settle(0.01)
    assert slow.cancelled()
    await tasks.settle(0.01)


class Step:
    """Fails a few times, then succeeds."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0

    async def __call__(self) -> None:
        self.calls += 1
        if self.calls <= self.failures:
            raise DatabaseError("locked")


async def test_a_step_is_done_however_often_the_store_refuses_it() -> None:
    step = Step(failures=3)
    with capture_logs() as logs:
        await until_done(step, "fire", retry_seconds=0)
    assert step.calls == 4
    assert [line["event"] for line in logs] == ["step_tried_again"] * 3


async def test_a_loop_outlives_errors_of_the_store() -> None:
    step = Step(failures=2)
    with capture_logs() as logs:
        loop = asyncio.create_task(every(0, step, "sweep"))
        for _ in range(20):
            await asyncio.sleep(0)
        loop.cancel()
    assert step.calls > 2
    assert [line["event"] for line in logs] == ["step_failed"] * 2
