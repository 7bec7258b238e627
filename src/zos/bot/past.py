"""One channel's way from where it was followed to until now, page by page.

In: a channel and its mark. Out: events in the inbox. New messages are told as they are now; of the
latest stored ones, edits, deletions and reactions are compared with what Discord shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from zos.bot.inbox import Inbox
from zos.bot.mapping import PAYLOAD_ERRORS, Payload, reaction_emoji, said, user
from zos.bot.overheard import Overheard
from zos.bot.rest import PAGE, NotReadableError, Rest
from zos.bot.watch import Watch
from zos.core.clock import Clock
from zos.observe.events import (
    Author,
    Emoji,
    Event,
    MessageCreated,
    MessagesDeleted,
    ReactionAdded,
    ReactionRemoved,
)
from zos.observe.marks.store import ChannelMarks, Standing
from zos.salience.earning import UNKNOWN_MEMBER

log = structlog.get_logger(__name__)

COMPARED = 1_000  # stored messages that are looked for on one page, at most


@dataclass(frozen=True, slots=True)
class Followed:
    """A channel, and the message up to which none of it is missing."""

    channel_id: int
    server_id: int | None
    mark: int


class Past:
    """Fetches the past of channels.

    Args:
        inbox: Where it goes.
        marks: What is stored.
        watch: Who is observed.
        overheard: What happens meanwhile.
        clock: The time.
        lookback: Stored messages before the mark to compare.
    """

    def __init__(
        self,
        inbox: Inbox,
        marks: ChannelMarks,
        watch: Watch,
        overheard: Overheard,
        clock: Clock,
        *,
        lookback: int,
    ) -> None:
        self._inbox = inbox
        self._marks = marks
        self._watch = watch
        self._overheard = overheard
        self._clock = clock
        self._lookback = lookback
        self.malformed = 0

    async def fetch(self, rest: Rest, channel: Followed) -> int:
        """Put a channel's past into the inbox; return the message up to which it is complete.

        Raises:
            NotReadableError: If Discord does not show the channel's history.
            DatabaseError: If the store is not to be had.
        """
        known = await self._marks.latest(
            channel.channel_id, until=channel.mark, limit=self._lookback
        )
        after = known[0] - 1 if known else channel.mark
        while True:
            await self._inbox.room()
            with self._overheard.listening(channel.channel_id) as meanwhile:
                # What is stored before the page is asked for stands on it, unless it is deleted.
                stored = await self._marks.following(channel.channel_id, after, limit=COMPARED)
                asked_at = self._clock.now()
                page = await rest.page(channel.channel_id, after)
                last = page[-1][0] if page else after
                is_end = len(page) < PAGE
                missing = {one for one in stored if is_end or one <= last} - {
                    one for one, _ in page
                }
                events = await self._told(rest, channel, page, asked_at)
                events += await self._deleted(rest, channel, missing)
                self._inbox.put([*events, *meanwhile])
            if is_end:
                return max(last, channel.mark)
            after = last

    async def _told(
        self,
        rest: Rest,
        channel: Followed,
        page: Sequence[tuple[int, Payload]],
        asked_at: datetime,
    ) -> list[Event]:
        told: list[Event] = []
        standing = await self._marks.reactions_on([message_id for message_id, _ in page])
        for message_id, payload in page:
            try:
                message = said(payload, channel.server_id)
                if message is None:
                    continue
                if not await self._is_observed(rest, message.server_id, message.author):
                    continue
                told.append(message)
                stands = standing.get(message_id, {})
                told += await self._reactions(rest, message, payload, stands, asked_at)
            except PAYLOAD_ERRORS as error:
                self.malformed += 1
                log.warning("payload_malformed", kind="history", reason=type(error).__name__)
        return told

    async def _reactions(
        self,
        rest: Rest,
        message: MessageCreated,
        payload: Payload,
        standing: Standing,
        asked_at: datetime,
    ) -> list[Event]:
        events: list[Event] = []
        gone = dict(standing)
        for one in payload.get("reactions") or ():
            emoji = reaction_emoji(one["emoji"])
            _, members = gone.pop(emoji.key, (emoji, set()))
            if UNKNOWN_MEMBER not in members:
                events += await self._compared(rest, message, emoji, members)
        for emoji, members in gone.values():
            events += _taken_back(message.id, emoji, members - {UNKNOWN_MEMBER}, asked_at)
        return events

    async def _compared(
        self, rest: Rest, message: MessageCreated, emoji: Emoji, members: set[int]
    ) -> list[Event]:
        asked_at = self._clock.now()
        try:
            users = await rest.reactors(message.channel_id, message.id, emoji)
        except NotReadableError:
            return []  # the message has gone meanwhile, which is told by itself
        shown = [*map(user, users)]
        given: list[Event] = [
            ReactionAdded(message.id, message.server_id, emoji, one, asked_at)
            for one in shown
            if one.id not in members and await self._is_observed(rest, message.server_id, one)
        ]
        lost = members - {one.id for one in shown}
        return [*given, *_taken_back(message.id, emoji, lost, asked_at)]

    async def _deleted(self, rest: Rest, channel: Followed, missing: set[int]) -> list[Event]:
        """Return which of `missing` are gone. Only Discord's word counts: a page may hide some."""
        gone = [one for one in sorted(missing) if await rest.is_deleted(channel.channel_id, one)]
        return [MessagesDeleted(tuple(gone), self._clock.now())] if gone else []

    async def _is_observed(self, rest: Rest, server_id: int | None, member: Author) -> bool:
        if server_id is None or not self._watch.needs_roles:
            return True
        return self._watch.member(await rest.roles(server_id, member.id))


def _taken_back(message_id: int, emoji: Emoji, members: set[int], at: datetime) -> list[Event]:
    return [ReactionRemoved(message_id, emoji, one, at) for one in sorted(members)]
