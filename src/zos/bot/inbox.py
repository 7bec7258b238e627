"""The bounded queue between Discord and the store: filled without waiting, emptied in order.

In: events as they happen, and marks between them. Out: the same, in batches. Whoever reads from
Discord waits for room before reading on, so that a slow store slows the reading and loses nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from zos.bot.shard import WHOLE, Shard
from zos.observe.events import Event


@dataclass(frozen=True, slots=True)
class SessionBegun:
    """A new session of a shard: what happened there before it, and since the last one, may be missing."""

    shard: Shard = WHOLE


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """All of a channel of a server (None: among direct messages) up to a message has been put before this."""

    server_id: int | None
    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class ChannelGone:
    """A channel or thread was deleted on Discord, with everything in it."""

    channel_id: int


@dataclass(frozen=True, slots=True)
class PlacesShown:
    """A server's channels and threads as a session first shows them: channel → its last message, or 0."""

    server_id: int
    last: Mapping[int, int]


Item = Event | SessionBegun | CaughtUp | ChannelGone | PlacesShown


class Inbox:
    """The queue. One task takes; anybody on the same loop puts.

    Args:
        size: Items that may wait before readers pause. One payload or page may go beyond it.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._items: deque[Item] = deque()
        self._put = 0
        self._done = 0
        self._filled = asyncio.Event()
        self._changed = asyncio.Condition()
        self._room = asyncio.Event()
        self._room.set()
        self.closed = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, items: Iterable[Item]) -> None:
        """Add items at the end, without waiting."""
        before = len(self._items)
        self._items.extend(items)
        self._put += len(self._items) - before
        if self._items:
            self._filled.set()
        if len(self._items) >= self._size:
            self._room.clear()

    async def room(self) -> None:
        """Wait until there is room. Readers call it before they read on."""
        await self._room.wait()

    async def take(self, limit: int) -> list[Item]:
        """Return up to `limit` items in order, waiting for the first; none once closed and empty."""
        await self._filled.wait()
        taken = [self._items.popleft() for _ in range(min(limit, len(self._items)))]
        if not self._items and not self.closed:
            self._filled.clear()
        if len(self._items) < self._size:
            self._room.set()
        return taken

    async def done(self, count: int) -> None:
        """Tell that `count` taken items are in the store, or given up."""
        self._done += count
        async with self._changed:
            self._changed.notify_all()

    async def settled(self) -> None:
        """Wait until everything that has been put by now is in the store."""
        wanted = self._put
        async with self._changed:
            await self._changed.wait_for(lambda: self._done >= wanted)

    def close(self) -> None:
        """Let `take` come to its end once the queue is empty."""
        self.closed = True
        self._filled.set()
