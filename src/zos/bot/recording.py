"""The one task that empties the inbox into the store, batch by batch, whatever the store does meanwhile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from zos.bot.inbox import CaughtUp, ChannelGone, Inbox, Item, PlacesShown, SessionBegun
from zos.bot.insisting import insisting
from zos.bot.shard import Shard
from zos.core.clock import Clock
from zos.observe.events import Event, MessageCreated, MessagesDeleted
from zos.observe.marks.store import ChannelMarks
from zos.observe.recorder import Recorder

log = structlog.get_logger(__name__)

_Result = TypeVar("_Result")


@dataclass(slots=True)
class _Pending:
    """Events to record, and how far channels are followed once they are."""

    events: list[Event] = field(default_factory=list)
    marks: dict[int, int] = field(default_factory=dict)


def first_marks(marks: Mapping[int, int], last: Mapping[int, int]) -> dict[int, int]:
    """Return where to begin following those channels of a server that have no mark yet.

    One that was made after all that are followed is new with all it holds. (How far those are
    followed says nothing: their history may have been read beyond what the session told.) Any
    other is followed from now on, and its past is for an import.

    Args:
        marks: Marks of the server's channels.
        last: Channel → its last message, or 0.
    """
    youngest = max(marks, default=None)
    begun = {}
    for channel_id, last_id in last.items():
        is_new = youngest is not None and channel_id > youngest
        if channel_id not in marks:
            begun[channel_id] = channel_id if is_new else max(channel_id, last_id)
    return begun


class Recording:
    """Records what comes in, in order.

    Args:
        inbox: Where it comes from.
        recorder: Where it goes.
        marks: How far channels are followed.
        clock: The time.
        batch_size: Items at a time, at most.
        retry_seconds: The first pause when the store is not to be had; then doubled.
    """

    def __init__(
        self,
        inbox: Inbox,
        recorder: Recorder,
        marks: ChannelMarks,
        clock: Clock,
        *,
        batch_size: int,
        retry_seconds: float,
    ) -> None:
        self._inbox = inbox
        self._recorder = recorder
        self._marks = marks
        self._clock = clock
        self._batch_size = batch_size
        self._retry_seconds = retry_seconds
        self._followed: dict[int, int | None] = {}  # channel → its server
        self.recorded = 0
        self.passed_over = 0

    async def run(self) -> None:
        """Record until the inbox is closed and empty."""
        while items := await self._inbox.take(self._batch_size):
            await self._record(items)
            await self._inbox.done(len(items))

    async def _record(self, items: Sequence[Item]) -> None:
        pending = _Pending()
        for item in items:
            match item:
                case SessionBegun():
                    self._forget(item.shard)
                case CaughtUp():
                    self._followed[item.channel_id] = item.server_id
                    self._reach(pending, item.channel_id, item.message_id)
                case PlacesShown():
                    await self._flush(pending)
                    pending = _Pending()
                    await self._begin(item)
                case ChannelGone():
                    await self._flush(pending)
                    pending = await self._emptied(item.channel_id)
                case _:
                    pending.events.append(item)
                    if isinstance(item, MessageCreated) and item.channel_id in self._followed:
                        self._reach(pending, item.channel_id, item.id)
        await self._flush(pending)

    def _forget(self, shard: Shard) -> None:
        self._followed = {
            channel_id: server_id
            for channel_id, server_id in self._followed.items()
            if not shard.holds(server_id)
        }

    async def _begin(self, shown: PlacesShown) -> None:
        marks = await self._insist(lambda: self._marks.of_server(shown.server_id))
        begun = first_marks(marks, shown.last)
        await self._insist(lambda: self._marks.advance(begun))

    async def _emptied(self, channel_id: int) -> _Pending:
        ids = await self._insist(lambda: self._marks.all_in(channel_id))
        if not ids:
            return _Pending()
        return _Pending([MessagesDeleted(tuple(ids), self._clock.now())])

    def _reach(self, pending: _Pending, channel_id: int, message_id: int) -> None:
        pending.marks[channel_id] = max(message_id, pending.marks.get(channel_id, 0))

    async def _flush(self, pending: _Pending) -> None:
        if pending.events:
            await self._keep(pending.events)
        if pending.marks:
            await self._insist(lambda: self._marks.advance(pending.marks))

    async def _keep(self, events: Sequence[Event]) -> None:
        """Record events; of those that the store cannot take, only the very ones are passed over."""
        try:
            await self._insist(lambda: self._recorder.record(events))
        except Exception as error:  # noqa: BLE001 - the outermost loop: one event must not stop it
            if len(events) > 1:
                middle = len(events) // 2
                await self._keep(events[:middle])
                await self._keep(events[middle:])
                return
            self.passed_over += 1
            kind, reason = type(events[0]).__name__, type(error).__name__
            log.error("event_passed_over", kind=kind, error=reason)
        else:
            self.recorded += len(events)

    async def _insist(self, work: Callable[[], Awaitable[_Result]]) -> _Result:
        return await insisting(work, self._clock, self._retry_seconds)
