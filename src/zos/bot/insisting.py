"""Doing what needs the store, however often the store is not to be had: nothing is lost meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from zos.core.clock import Clock
from zos.core.errors import DatabaseError

log = structlog.get_logger(__name__)

MOST_RETRY_SECONDS = 30.0

_Result = TypeVar("_Result")


async def insisting(
    work: Callable[[], Awaitable[_Result]], clock: Clock, retry_seconds: float
) -> _Result:
    """Do `work`; after an error of the store wait and do it again, from `retry_seconds` on doubled."""
    pause = retry_seconds
    while True:
        try:
            return await work()
        except DatabaseError as error:
            log.warning("store_not_reached", error=str(error), again_in_seconds=pause)
            await clock.sleep(pause)
            pause = min(2 * pause, MOST_RETRY_SECONDS)
