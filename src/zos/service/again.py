"""A step of the service, again and again: what goes wrong in one turn costs that turn and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from zos.core.clock import Clock
from zos.core.errors import ConfigError, DatabaseError

log = structlog.get_logger(__name__)


async def again(
    seconds: float, clock: Clock, step: Callable[[], Awaitable[object]], name: str
) -> None:
    """Do `step` for ever.

    Args:
        seconds: The pause after a turn; there is none after one that returned True: it has more to do.
        clock: What the pause is measured by.
        step: What is done.
        name: What it is called in the log.
    """
    while True:
        is_busy = await _one(step, name) is True
        if not is_busy:
            await clock.sleep(seconds)


async def _one(step: Callable[[], Awaitable[object]], name: str) -> object:
    try:
        return await step()
    except (DatabaseError, ConfigError) as error:
        log.warning("step_failed", step=name, error=str(error))
    except Exception:  # the outermost loop: one fault would end all else that the service does
        log.exception("step_failed", step=name)
    return None
