"""Answers without end: they end when whoever hears them is let in no more.

In: the answer under way, and the question whether somebody is still known. Out: the answer's end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

RECHECK_SECONDS = 30.0
"""So soon a logout or a revoked key ends what is being listened to."""


async def while_welcome(
    answer: Coroutine[Any, Any, None],
    is_welcome: Callable[[], Awaitable[bool]],
    recheck_seconds: float,
) -> bool:
    """Let `answer` go on until it ends, or until `is_welcome` says no; return whether it ended by itself."""
    answering = asyncio.ensure_future(answer)
    try:
        while not (await asyncio.wait({answering}, timeout=recheck_seconds))[0]:
            if not await is_welcome():
                return False
        await answering
        return True
    finally:
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
