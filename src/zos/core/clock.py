"""Time as an argument. Only `SystemClock` reads the wall clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for so long in this clock's own time; not at all when `seconds` is 0 or less."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's time, aware, in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of real time."""
        await asyncio.sleep(seconds)


class SimulatedClock:
    """A clock that stands still until it is moved; `sleep` moves it.

    Args:
        start: The first time it shows; aware.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the time that the clock was set to, aware, in UTC."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Move the clock on by so many seconds and let other tasks have their turn."""
        self._now += timedelta(seconds=max(0.0, seconds))
        await asyncio.sleep(0)

    def move_to(self, moment: datetime) -> None:
        """Set the clock to `moment` (aware). It may go back: clock steps are part of life."""
        self._now = moment.astimezone(UTC)
