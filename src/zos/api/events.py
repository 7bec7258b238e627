"""Changes of runs and jobs as server-sent events.

In: subscribers. Out: to each, a `resync` that says to read everything again (it may have read before it
was told of changes), unless it names a mark and nothing has changed since that was given; then every change
of a run or a job, as long as it keeps up: to one that does not, another `resync`. The store is looked at
only while somebody listens, and for a few looks more: who goes from page to page listens again at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from secrets import token_hex
from typing import TypeVar

import orjson
import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from zos.core.clock import Clock
from zos.core.errors import DatabaseError, ServiceError
from zos.db.engine import Database
from zos.views.changes import JobWatch, RunWatch
from zos.views.runs import RunView

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
HEARTBEAT_SECONDS = 15.0
MAX_LISTENERS = 64
QUEUE_LENGTH = 256
IDLE_LOOKS = 30

HEARTBEAT = b": still here\n\n"
RESYNC = b"event: resync\ndata: {}\n\n"
_END = b""

_Change = TypeVar("_Change")


class EventHub:
    """Tells changes of runs and jobs to all who listen.

    Args:
        database: The store.
        clock: The time.
        poll_seconds: Between two looks at the store.
        heartbeat_seconds: A listener hears something at least so often.
        max_listeners: More are refused.
        queue_length: Changes that a listener may be behind.
        idle_looks: Looks at the store after the last listener has gone.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        poll_seconds: float = POLL_SECONDS,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        max_listeners: int = MAX_LISTENERS,
        queue_length: int = QUEUE_LENGTH,
        idle_looks: int = IDLE_LOOKS,
    ) -> None:
        self._database = database
        self._clock = clock
        self._poll_seconds = poll_seconds
        self._heartbeat_seconds = heartbeat_seconds
        self._max_listeners = max_listeners
        self._queue_length = queue_length
        self._idle_looks = idle_looks
        self._mark = ""
        self._listeners: set[asyncio.Queue[bytes]] = set()
        self._poller: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()  # to start or stop the poller
        self._is_closed = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    @property
    def mark(self) -> str:
        """What stands for all that has changed by now; empty while nobody looks.

        Who takes it before they read need not read again if it is still the same when they listen.
        """
        return self._mark

    @asynccontextmanager
    async def subscribe(self, mark: str = "") -> AsyncIterator[AsyncIterator[bytes]]:
        """Listen for the length of a block: every change from here on, until the hub is closed.

        Args:
            mark: What `mark` was before the listener read what there is.

        Raises:
            ServiceError: If too many listen already, or the service stops.
            DatabaseError: If the store cannot be read.
        """
        if self._is_closed or len(self._listeners) >= self._max_listeners:
            raise ServiceError("No more listeners are taken now.", hint="Try again later.")
        queue: asyncio.Queue[bytes] = asyncio.Queue(self._queue_length)
        self._listeners.add(queue)
        try:
            async with self._turn:
                await self._start_poller()
            knows_all = mark != "" and mark == self._mark
            yield self._messages(queue, HEARTBEAT if knows_all else RESYNC)
        finally:
            self._listeners.discard(queue)

    async def close(self) -> None:
        """End every subscription, and take no more."""
        self._is_closed = True
        for queue in self._listeners:
            _put(queue, _END)
        async with self._turn:
            await self._stop_poller()

    async def _messages(self, queue: asyncio.Queue[bytes], message: bytes) -> AsyncIterator[bytes]:
        while message != _END:
            yield message
            try:
                async with asyncio.timeout(self._heartbeat_seconds):
                    message = await queue.get()
            except TimeoutError:
                message = HEARTBEAT

    async def _start_poller(self) -> None:
        if self._poller is not None or self._is_closed:
            return
        runs = RunWatch(self._database, self._clock.now())
        await runs.step(self._clock.now())
        jobs = JobWatch(self._database)
        await jobs.step()
        self._mark = token_hex(8)
        self._poller = asyncio.create_task(self._poll(runs, jobs), name="events")

    async def _stop_poller(self) -> None:
        poller, self._poller, self._mark = self._poller, None, ""
        if poller is not None:
            poller.cancel()
            await asyncio.gather(poller, return_exceptions=True)

    async def _poll(self, runs: RunWatch, jobs: JobWatch) -> None:
        idle = 0
        while idle < self._idle_looks:
            await self._clock.sleep(self._poll_seconds)
            if changes := await self._changes(runs, jobs):
                self._mark = token_hex(8)
            for message in changes:
                for queue in self._listeners:
                    _put(queue, message)
            idle = 0 if self._listeners else idle + 1
        self._poller, self._mark = None, ""

    async def _changes(self, runs: RunWatch, jobs: JobWatch) -> list[bytes]:
        return [
            *map(job_event, await _read(jobs.step())),
            *[as_event(change.run) for change in await _read(runs.step(self._clock.now()))],
        ]


async def _read(step: Awaitable[list[_Change]]) -> list[_Change]:
    try:
        return await step
    except DatabaseError as error:
        log.warning("events_not_read", error=str(error))
    except (
        Exception
    ):  # the outermost loop: a change that cannot be told must not silence all others
        log.exception("events_not_read")
    return []


class EventStream(StreamingResponse):
    """An endless answer. It ends its subscription whether or not the client waits for the first event.

    Args:
        subscription: What `EventHub.subscribe` returned, entered already.
        messages: What that gave.
    """

    def __init__(
        self, subscription: AbstractAsyncContextManager[object], messages: AsyncIterator[bytes]
    ) -> None:
        super().__init__(messages, media_type="text/event-stream")
        self._subscription = subscription

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the client goes, or the hub is closed."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._subscription.__aexit__(None, None, None)


def as_event(run: RunView) -> bytes:
    """Return a change of a run as a server-sent event."""
    return b"event: run\nid: " + run.id.encode() + b"\ndata: " + orjson.dumps(asdict(run)) + b"\n\n"


def job_event(layer: str) -> bytes:
    """Return a change of a layer's job as a server-sent event."""
    return b"event: job\ndata: " + orjson.dumps({"layer": layer}) + b"\n\n"


def _put(queue: asyncio.Queue[bytes], message: bytes) -> None:
    """Add a message; a full queue is emptied first, and its listener told to read everything again."""
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        queue.put_nowait(RESYNC)
    queue.put_nowait(message)
