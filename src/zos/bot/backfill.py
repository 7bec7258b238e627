"""A server's past, channel by channel and page by page, from a day on.

In: a server and a day. Out: rows, unbooked, and how far each channel has come: what is interrupted
goes on there. Discord's rate limits are kept, and its outages waited out, as everywhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from zos.bot.mapping import (
    PAYLOAD_ERRORS,
    Payload,
    counted,
    has_private_threads,
    has_threads,
    holds_messages,
    place,
    said,
    to_id,
)
from zos.bot.overheard import Overheard
from zos.bot.rest import PAGE, NotReadableError, Rest
from zos.bot.watch import Watch
from zos.core.clock import Clock
from zos.observe.backfill.store import Reached
from zos.observe.events import Event, ServerSeen
from zos.observe.history import History

log = structlog.get_logger(__name__)

CHANNELS_AT_A_TIME = 4
SHARE = 1_000
"""What one channel counts for in the progress."""

Progress = Callable[[int], None]
"""Is told how much is done: `SHARE` for each channel."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server to read the past of."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Places:
    """Where messages of a server stand; see `Backfilled` for `unlisted`."""

    found: list[Payload]
    unlisted: int


@dataclass(frozen=True, slots=True)
class Backfilled:
    """What came in, in counts.

    Attributes:
        channels: Channels and threads that were looked through.
        unreadable: Of those, the ones that Discord does not show to Zos.
        unlisted: Channels of whose archived threads Discord does not show all: of private ones it shows
            only those that Zos is in, unless Zos may manage threads.
        known: Messages that were stored already.
        refused: Messages of erased members, and deleted ones.
        malformed: Messages that were not what Discord documents.
    """

    channels: int = 0
    unreadable: int = 0
    unlisted: int = 0
    messages: int = 0
    known: int = 0
    reactions: int = 0
    refused: int = 0
    malformed: int = 0

    def __add__(self, other: Backfilled) -> Backfilled:
        return Backfilled(
            self.channels + other.channels,
            self.unreadable + other.unreadable,
            self.unlisted + other.unlisted,
            self.messages + other.messages,
            self.known + other.known,
            self.reactions + other.reactions,
            self.refused + other.refused,
            self.malformed + other.malformed,
        )


class Backfill:
    """Fetches the past of servers.

    Args:
        history: Where it goes.
        watch: What is observed.
        clock: The time.
        overheard: What happens meanwhile; nothing, where nobody listens to the gateway.
        retell: Is told that once more behind each page, which may show how it was before.
    """

    def __init__(
        self,
        history: History,
        watch: Watch,
        clock: Clock,
        *,
        overheard: Overheard | None = None,
        retell: Callable[[Sequence[Event]], None] = lambda _events: None,
    ) -> None:
        self._history = history
        self._watch = watch
        self._clock = clock
        self._overheard = overheard or Overheard()
        self._retell = retell
        self._gate = asyncio.Semaphore(CHANNELS_AT_A_TIME)

    async def places(
        self, rest: Rest, server: Server, since_id: int, only: Collection[int] = ()
    ) -> Places:
        """Return the channels of a server, its threads, and archived ones that were alive from `since_id` on.

        Args:
            rest: How Discord is asked.
            server: The server.
            since_id: Least id of a message that is wanted.
            only: Ids of channels and threads; none: all that are observed.
        """
        channels = await rest.channels(server.id)
        threads = await rest.threads(server.id)
        self._watch.learn([*channels, *threads])
        unlisted = 0
        for channel in channels:
            if has_threads(channel) and self._is_wanted(channel, only):
                archived, is_all = await _archived_threads(rest, channel, since_id)
                threads += archived
                unlisted += not is_all
        self._watch.learn(threads)
        found = {to_id(one["id"]): one for one in (*channels, *threads)}
        wanted = [
            one for one in found.values() if holds_messages(one) and self._is_wanted(one, only)
        ]
        return Places(wanted, unlisted)

    async def fetch(
        self,
        rest: Rest,
        server: Server,
        places: Places,
        since_id: int,
        *,
        progress: Progress = lambda _done: None,
        unfinished: bool = False,
    ) -> Backfilled:
        """Store the past of channels and threads from `since_id` on.

        Args:
            rest: How Discord is asked.
            server: Their server.
            places: What `places` has returned.
            since_id: Least id of a message that is wanted.
            progress: Is told how far it is.
            unfinished: Leave out channels whose end was reached before.

        Raises:
            DatabaseError: If the store is not to be had; what is in stays.
        """
        known = await self._history.reached([to_id(one["id"]) for one in places.found])
        done: dict[int, int] = {}

        def tell(channel_id: int, share: int) -> None:
            done[channel_id] = share
            progress(sum(done.values()))

        work = [
            self._channel(rest, server, one, start, tell)
            for one in places.found
            if not ((start := _start(one, known, since_id)).finished_at and unfinished)
            and int(one.get("last_message_id") or 0) >= since_id
        ]
        return sum(await _together(work), Backfilled(unlisted=places.unlisted))

    def _is_wanted(self, one: Payload, only: Collection[int]) -> bool:
        ids = {to_id(one["id"]), *([to_id(one["parent_id"])] if one.get("parent_id") else [])}
        return self._watch.place(to_id(one["id"])) and (not only or bool(ids & {*only}))

    async def _channel(
        self,
        rest: Rest,
        server: Server,
        channel: Payload,
        start: Reached,
        tell: Callable[[int, int], None],
    ) -> Backfilled:
        total, far = Backfilled(channels=1), replace(start, finished_at=None)
        end = int(channel["last_message_id"])
        now = self._clock.now()
        seen = place(channel, now, server.id)
        first: list[Event] = [ServerSeen(server.id, server.name, now), *([seen] if seen else [])]
        async with self._gate:
            while far.finished_at is None:
                try:
                    far, some = await self._page(rest, server, far, first)
                except NotReadableError:
                    log.info("channel_not_readable", channel=channel["id"])
                    return total + Backfilled(unreadable=1)
                total, first = total + some, []
                span = max(1, end - far.since_id)
                tell(far.channel_id, min(SHARE, SHARE * (far.reached_id - far.since_id) // span))
        tell(far.channel_id, SHARE)
        return total

    async def _page(
        self, rest: Rest, server: Server, far: Reached, first: Iterable[Event]
    ) -> tuple[Reached, Backfilled]:
        with self._overheard.listening(far.channel_id) as meanwhile:
            page = await rest.page(far.channel_id, far.reached_id)
            events, malformed = await self._told(rest, server, page)
            is_end = len(page) < PAGE
            far = replace(
                far,
                reached_id=page[-1][0] if page else far.reached_id,
                finished_at=self._clock.now() if is_end else None,
            )
            taken = await self._history.keep([*first, *events], far)
            self._retell(meanwhile)
        return far, Backfilled(
            messages=len(taken.messages),
            known=taken.known,
            reactions=len(taken.counted),
            refused=taken.refused,
            malformed=malformed,
        )

    async def _told(
        self, rest: Rest, server: Server, page: Sequence[tuple[int, Payload]]
    ) -> tuple[list[Event], int]:
        events: list[Event] = []
        malformed = 0
        for _, payload in page:
            try:
                message = said(payload, server.id)
                if message is not None and await self._is_observed(rest, server, message.author.id):
                    events += [message, *counted(payload, message)]
            except PAYLOAD_ERRORS as error:
                malformed += 1
                log.warning("payload_malformed", kind="history", reason=type(error).__name__)
        return events, malformed

    async def _is_observed(self, rest: Rest, server: Server, member_id: int) -> bool:
        if not self._watch.needs_roles:
            return True
        return self._watch.member(await rest.roles(server.id, member_id))


async def _archived_threads(
    rest: Rest, channel: Payload, since_id: int
) -> tuple[list[Payload], bool]:
    """Return the archived threads of a channel that Discord shows, and whether these are all."""
    channel_id, found, is_all = to_id(channel["id"]), list[Payload](), True
    try:
        found += await rest.archived_threads(channel_id, since_id)
        if has_private_threads(channel):
            try:
                found += await rest.private_archived_threads(channel_id, since_id)
            except NotReadableError:
                is_all = False
                log.info("private_threads_of_others_not_shown", channel=channel["id"])
                found += await rest.joined_archived_threads(channel_id, since_id)
    except NotReadableError:
        is_all = False
        log.info("threads_not_readable", channel=channel["id"])
    return found, is_all


async def _together(work: Iterable[Coroutine[Any, Any, Backfilled]]) -> list[Backfilled]:
    """Do all of it; what goes wrong first ends the rest, and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors
    return [task.result() for task in tasks]


def _start(channel: Payload, known: dict[int, Reached], since_id: int) -> Reached:
    """Return where to go on; what was asked for from a later day on begins anew."""
    channel_id = to_id(channel["id"])
    before = known.get(channel_id)
    if before is not None and before.since_id <= since_id:
        return before
    return Reached(channel_id, since_id, since_id - 1)
