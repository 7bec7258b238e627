"""What the service does again and again."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs
from tests.conftest import EPOCH

from zos.core.clock import SimulatedClock
from zos.core.errors import ConfigError, DatabaseError
from zos.service.again import again

STEP_SECONDS = 60


class Pauses(SimulatedClock):
    """Passes over pauses, and counts them."""

    seconds = 0.0

    async def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        await asyncio.sleep(0)


async def ran(*turns: object) -> tuple[float, list[object]]:
    """Do a step that goes as `turns` say; the seconds of pauses until all are done, and what was logged."""
    clock, left = Pauses(EPOCH), [*turns]
    done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def step() -> object:
        if not left:
            done.set_result(clock.seconds)
            return await asyncio.Event().wait()
        turn = left.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn

    with capture_logs() as logs:
        loop = asyncio.create_task(again(STEP_SECONDS, clock, step, "delivery"))
        seconds = await asyncio.wait_for(done, timeout=5)
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
    return seconds, [(line["event"], line["step"], line["log_level"]) for line in logs]


@pytest.mark.parametrize(
    ("error", "level"),
    [
        (DatabaseError("locked"), "warning"),
        (ConfigError("no such file"), "warning"),
        (UnicodeError("label too long"), "error"),
    ],
)
async def test_whatever_goes_wrong_in_one_turn_the_next_one_comes(
    error: Exception, level: str
) -> None:
    seconds, logged = await ran(error)
    assert seconds == STEP_SECONDS
    assert logged == [("step_failed", "delivery", level)]


async def test_a_step_that_has_more_to_do_is_not_kept_waiting() -> None:
    seconds, logged = await ran(True, True, False, True)
    assert seconds == STEP_SECONDS
    assert logged == []
