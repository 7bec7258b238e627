"""Catching up: after every connect that was not a clean resume, channel by channel, in the background.

In: the channels of a new session. Out: events in the inbox, as if nothing had been missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Mapping
from typing import Any

import structlog

from zos.bot.inbox import CaughtUp, Inbox, PlacesShown
from zos.bot.insisting import insisting
from zos.bot.mapping import PAYLOAD_ERRORS, Payload, holds_messages, to_id
from zos.bot.past import Followed, Past
from zos.bot.rest import NotReadableError, Rest
from zos.bot.shard import WHOLE, Shard
from zos.bot.watch import Watch
from zos.core.clock import Clock
from zos.observe.marks.store import ChannelMarks
from zos.scheduler.tasks import Tasks

log = structlog.get_logger(__name__)

CHANNELS_AT_A_TIME = 4


class CatchUp:
    """Has the past of channels fetched, a few at a time.

    Args:
        inbox: Where it goes.
        past: Fetches it.
        marks: How far channels are followed.
        watch: What is observed.
        clock: The time.
        retry_seconds: The pause when the store is not to be had.
    """

    def __init__(
        self,
        inbox: Inbox,
        past: Past,
        marks: ChannelMarks,
        watch: Watch,
        clock: Clock,
        *,
        retry_seconds: float,
    ) -> None:
        self._inbox = inbox
        self._past = past
        self._marks = marks
        self._watch = watch
        self._clock = clock
        self._retry_seconds = retry_seconds
        self._tasks: dict[int | None, Tasks] = {}  # by server; None: direct conversations
        self._gate = asyncio.Semaphore(CHANNELS_AT_A_TIME)
        self._behind: dict[int, int | None] = {}  # channel → its server
        # What the sessions have caught up with, or are about to.
        self._asked: dict[int, int | None] = {}

    @property
    def waiting(self) -> int:
        """Channels that are still behind."""
        return len(self._behind)

    async def stop(self) -> None:
        """Fetch no more. What is not complete stays marked as it was."""
        self.forget(WHOLE)
        for tasks in [*self._tasks.values()]:
            await tasks.settle()

    def forget(self, shard: Shard) -> None:
        """Fetch no more of what the shard's last session asked for."""
        for server_id, tasks in self._tasks.items():
            if shard.holds(server_id):
                tasks.cancel()
        for some in (self._behind, self._asked):
            for channel_id in [one for one, server_id in some.items() if shard.holds(server_id)]:
                del some[channel_id]

    def server(self, rest: Rest, server_id: int, places: Iterable[Payload]) -> None:
        """Catch up with all places of a server that has just shown itself."""
        told = [*places]
        for one in told:
            self._asked.pop(to_id(one["id"]), None)
        self.places(rest, server_id, told)

    def places(self, rest: Rest, server_id: int, places: Iterable[Payload]) -> None:
        """Catch up with those of a server's channels and threads that this session has not shown yet."""
        last = {
            channel_id: int(one.get("last_message_id") or 0)
            for one in places
            if holds_messages(one)
            and (channel_id := to_id(one["id"])) not in self._asked
            and self._watch.place(channel_id)
        }
        if last:
            self._note(last, server_id)
            self._inbox.put([PlacesShown(server_id, last)])
            self._spawn(server_id, self._server(rest, server_id, last))

    def born(self, server_id: int | None, channel_id: int) -> None:
        """Follow a channel or thread that was made just now: it has no past."""
        self._asked[channel_id] = server_id
        self._inbox.put([CaughtUp(server_id, channel_id, channel_id)])

    def conversations(self, rest: Rest) -> None:
        """Catch up with the direct conversations that were followed before."""
        self._spawn(None, self._conversations(rest))

    def conversation(self, rest: Rest, channel_id: int, message_id: int) -> None:
        """Follow a direct conversation from this message on, or from where it was followed to."""
        if channel_id not in self._asked:
            self._asked[channel_id] = None
            self._spawn(None, self._conversations(rest, {channel_id: message_id}))

    def _spawn(self, server_id: int | None, work: Coroutine[Any, Any, None]) -> None:
        self._tasks.setdefault(server_id, Tasks()).spawn(work, "catch_up")

    def _note(self, channels: Iterable[int], server_id: int | None) -> None:
        told = dict.fromkeys(channels, server_id)
        self._asked |= told
        self._behind |= told

    async def _server(self, rest: Rest, server_id: int, last: Mapping[int, int]) -> None:
        await self._inbox.settled()
        marks = await insisting(
            lambda: self._marks.of_server(server_id), self._clock, self._retry_seconds
        )
        for channel_id in last.keys() & marks.keys():
            place = Followed(channel_id, server_id, marks[channel_id])
            self._spawn(server_id, self._channel(rest, place))

    async def _conversations(self, rest: Rest, begun: Mapping[int, int] | None = None) -> None:
        await self._inbox.settled()
        marks = await insisting(self._marks.of_direct, self._clock, self._retry_seconds)
        if begun is None:
            wanted = {key: mark for key, mark in marks.items() if key not in self._asked}
        else:
            wanted = {key: marks.get(key, message_id) for key, message_id in begun.items()}
        self._note(wanted, None)
        for channel_id, mark in wanted.items():
            self._spawn(None, self._channel(rest, Followed(channel_id, None, mark)))

    async def _channel(self, rest: Rest, channel: Followed) -> None:
        async with self._gate:
            try:
                reached = await insisting(
                    lambda: self._past.fetch(rest, channel), self._clock, self._retry_seconds
                )
            except NotReadableError:
                log.info("channel_not_readable", channel=str(channel.channel_id))
            except PAYLOAD_ERRORS as error:
                log.warning("payload_malformed", kind="history", reason=type(error).__name__)
            else:
                self._inbox.put([CaughtUp(channel.server_id, channel.channel_id, reached)])
        self._behind.pop(channel.channel_id, None)
