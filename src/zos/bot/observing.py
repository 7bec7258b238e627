"""What becomes of a dispatch: events in the inbox, at once, and what a new session has to make up for.

In: dispatches, in order. Out: items in the inbox, in the same order. Nothing here waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from zos.bot.backfill import Server
from zos.bot.catch_up import CatchUp
from zos.bot.inbox import ChannelGone, Inbox, SessionBegun
from zos.bot.joining import Joining
from zos.bot.mapping import PAYLOAD_ERRORS, Payload, optional_id, to_events, to_id
from zos.bot.overheard import Overheard
from zos.bot.rest import Rest
from zos.bot.shard import Shard, shard_of_session
from zos.bot.watch import Watch
from zos.core.clock import Clock
from zos.observe.events import ChannelSeen, Event, MessageCreated, ReactionAdded

log = structlog.get_logger(__name__)

_PLACES = frozenset({"CHANNEL_CREATE", "CHANNEL_UPDATE", "THREAD_CREATE", "THREAD_UPDATE"})
_GONE = frozenset({"CHANNEL_DELETE", "THREAD_DELETE"})


class Observing:
    """Turns dispatches into items.

    Args:
        inbox: Where they go.
        watch: What is observed.
        catch_up: Is set to work by new sessions and servers.
        joining: Is told of servers.
        overheard: Is told what happens in channels.
        clock: The time.
    """

    def __init__(
        self,
        inbox: Inbox,
        watch: Watch,
        catch_up: CatchUp,
        joining: Joining,
        overheard: Overheard,
        *,
        clock: Clock,
    ) -> None:
        self._inbox = inbox
        self._watch = watch
        self._catch_up = catch_up
        self._joining = joining
        self._overheard = overheard
        self._clock = clock
        self.malformed = 0

    def take(self, kind: str, data: Any, rest: Rest) -> None:
        """Take in a dispatch. One that is not what Discord documents is counted and passed over."""
        try:
            self._take(kind, data, rest)
        except PAYLOAD_ERRORS as error:
            self.unreadable(kind, str(error) or type(error).__name__)

    def unreadable(self, kind: str, reason: str) -> None:
        """Count a dispatch that could not be read."""
        self.malformed += 1
        log.warning("payload_malformed", kind=kind, reason=reason)

    def _take(self, kind: str, data: Any, rest: Rest) -> None:
        if kind == "READY":
            self._begin(shard_of_session(data), rest)
        self._watch.learn(_places_of(kind, data))
        told = to_events(kind, data, self._clock.now())
        channel_id = optional_id(data.get("channel_id"))
        events = [event for event in told if self._is_observed(event, data, channel_id)]
        self._inbox.put(events)
        if channel_id is not None:
            self._overheard.note(channel_id, events)
        self._follow(kind, data, rest, events)

    def _begin(self, shard: Shard, rest: Rest) -> None:
        """Take it that what happened since the shard's last session is not known."""
        rest.forget()
        self._catch_up.forget(shard)
        self._inbox.put([SessionBegun(shard)])
        if shard.holds(None):
            self._catch_up.conversations(rest)

    def _is_observed(self, event: Event, data: Payload, channel_id: int | None) -> bool:
        match event:
            case ChannelSeen():
                return event.server_id is None or self._watch.place(event.id)
            case MessageCreated(author=who) | ReactionAdded(member=who):
                if event.server_id is not None and not self._watch.member(who.role_ids):
                    return False
        return channel_id is None or "guild_id" not in data or self._watch.place(channel_id)

    def _follow(self, kind: str, data: Payload, rest: Rest, events: Sequence[Event]) -> None:
        """Set to work who makes up for what was missed, and let go of what is gone."""
        places = _places_of(kind, data)
        if kind == "GUILD_CREATE":
            if not data.get("unavailable"):
                self._catch_up.server(rest, to_id(data["id"]), places)
                self._joining.server(rest, Server(to_id(data["id"]), str(data["name"])))
        elif kind in _GONE:
            self._inbox.put([ChannelGone(to_id(data["id"]))])
        elif kind == "CHANNEL_CREATE" or data.get("newly_created"):
            for seen in events:
                if isinstance(seen, ChannelSeen):
                    self._catch_up.born(seen.server_id, seen.id)
        elif places and "guild_id" in data:
            self._catch_up.places(rest, to_id(data["guild_id"]), places)
        elif kind == "MESSAGE_CREATE" and "guild_id" not in data:
            self._catch_up.conversation(rest, to_id(data["channel_id"]), to_id(data["id"]))


def _places_of(kind: str, data: Payload) -> list[Payload]:
    """Return the channels and threads that a dispatch shows."""
    if kind in _PLACES:
        return [data]
    if kind == "GUILD_CREATE":
        return [*data.get("channels", ()), *data.get("threads", ())]
    return [*data["threads"]] if kind == "THREAD_LIST_SYNC" else []
