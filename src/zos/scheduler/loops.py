"""Loops that outlive errors of the store: one step after the other, until they are cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from zos.core.errors import DatabaseError

log = structlog.get_logger(__name__)

RETRY_SECONDS = 1.0


async def until_done(
    step: Callable[[], Awaitable[object]], name: str, *, retry_seconds: float = RETRY_SECONDS
) -> None:
    """Do `step` once, however often the store refuses it."""
    while True:
        try:
            await step()
        except DatabaseError as error:
            log.warning("step_tried_again", step=name, error=str(error))
            await asyncio.sleep(retry_seconds)
        else:
            return


async def every(seconds: float, step: Callable[[], Awaitable[object]], name: str) -> None:
    """Do `step` again and again, `seconds` after the last; an error of the store costs one turn."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await step()
        except DatabaseError as error:
            log.warning("step_failed", step=name, error=str(error))
