"""What is asked of Discord's REST interface: patiently, as it has outages and limits, and as raw payloads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from operator import itemgetter
from typing import Any

import aiohttp
import discord
import structlog
from discord.http import HTTPClient

from zos.bot.mapping import Payload, to_id
from zos.core.clock import Clock
from zos.core.ids import snowflake_time
from zos.observe.events import Emoji

log = structlog.get_logger(__name__)

PAGE = 100
SERVERS_PAGE = 200
MOST_RETRY_SECONDS = 60.0
_UNKNOWN_MESSAGE = 10008
_TOO_MANY_REQUESTS = 429


class NotReadableError(Exception):
    """Discord does not show this: it is gone, or Zos lacks a permission."""


class Rest:
    """Asks again for as long as Discord only fails; it is cancelled when the session ends.

    Args:
        http: The connection's own, which keeps to Discord's rate limits.
        clock: The time.
        retry_seconds: The first pause after a failure; then doubled.
    """

    def __init__(self, http: HTTPClient, clock: Clock, *, retry_seconds: float) -> None:
        self._http = http
        self._clock = clock
        self._retry_seconds = retry_seconds
        self._roles: dict[tuple[int, int], tuple[int, ...]] = {}

    def forget(self) -> None:
        """Ask again for roles: a new session has begun."""
        self._roles.clear()

    async def page(self, channel_id: int, after: int) -> list[tuple[int, Payload]]:
        """Return up to `PAGE` messages of a channel that follow `after`, by id, ascending."""
        found = await self._ask(lambda: self._http.logs_from(channel_id, PAGE, after=after))
        return sorted(((to_id(one["id"]), one) for one in found), key=itemgetter(0))

    async def servers(self) -> list[Payload]:
        """Return the servers that Zos is in."""
        found: list[Payload] = []
        while True:
            after = found[-1]["id"] if found else None
            some = await self._ask(
                lambda after=after: self._http.get_guilds(  # type: ignore[misc]
                    SERVERS_PAGE, after=after, with_counts=False
                )
            )
            found += some
            if len(some) < SERVERS_PAGE:
                return found

    async def recommended_shards(self) -> int:
        """Return how many connections Discord recommends."""
        shards, _, _ = await self._ask(self._http.get_bot_gateway)
        return int(shards)

    async def sees(self, channel_id: int) -> bool:
        """Return whether Discord shows a channel."""
        try:
            await self._ask(lambda: self._http.get_channel(channel_id))
        except NotReadableError:
            return False
        return True

    async def channels(self, server_id: int) -> list[Payload]:
        """Return a server's channels, also those that Zos may not read."""
        found: list[Payload] = await self._ask(lambda: self._http.get_all_guild_channels(server_id))
        return found

    async def threads(self, server_id: int) -> list[Payload]:
        """Return a server's threads that are not archived."""
        found: list[Payload] = (await self._ask(lambda: self._http.get_active_threads(server_id)))[
            "threads"
        ]
        return found

    async def archived_threads(self, channel_id: int, since_id: int) -> list[Payload]:
        """Return a channel's archived public threads with a message from `since_id` on.

        Raises:
            NotReadableError: If Discord does not show them.
        """
        return await self._archived(
            self._http.get_public_archived_threads, channel_id, since_id, _archived_at
        )

    async def private_archived_threads(self, channel_id: int, since_id: int) -> list[Payload]:
        """Return a channel's archived private threads with a message from `since_id` on.

        Raises:
            NotReadableError: If Discord does not show them: it wants Manage Threads.
        """
        return await self._archived(
            self._http.get_private_archived_threads, channel_id, since_id, _archived_at
        )

    async def joined_archived_threads(self, channel_id: int, since_id: int) -> list[Payload]:
        """Return those of them that Zos is in, which needs no such permission.

        Raises:
            NotReadableError: If Discord does not show them.
        """
        ask = self._http.get_joined_private_archived_threads
        return await self._archived(ask, channel_id, since_id, _id)

    async def _archived(
        self,
        ask: Callable[..., Awaitable[Any]],
        channel_id: int,
        since_id: int,
        place: Callable[[Payload], str],
    ) -> list[Payload]:
        """Page through archived threads.

        Those whose `place` is the time of their archiving come latest first: none was written in later. Of
        those that come by id, an old one may have been written in lately, so all are looked through.
        """
        found: list[Payload] = []
        before: str | None = None
        while True:
            answer = await self._ask(
                lambda before=before: ask(channel_id, before=before, limit=PAGE)  # type: ignore[misc]
            )
            threads = answer["threads"]
            found += [one for one in threads if int(one.get("last_message_id") or 0) >= since_id]
            if not threads or not answer["has_more"]:
                return found
            before = place(threads[-1])
            if place is _archived_at and _is_before(before, since_id):
                return found

    async def is_deleted(self, channel_id: int, message_id: int) -> bool:
        """Return whether Discord says that there is no such message; what it hides is not deleted."""
        try:
            await self._ask(lambda: self._http.get_message(channel_id, message_id))
        except NotReadableError as error:
            cause = error.__cause__
            return isinstance(cause, discord.NotFound) and cause.code == _UNKNOWN_MESSAGE
        return False

    async def reactors(self, channel_id: int, message_id: int, emoji: Emoji) -> list[Payload]:
        """Return the users who react to a message with an emoji."""
        name = emoji.name if emoji.id is None else f"{emoji.name or '_'}:{emoji.id}"
        users: list[Payload] = []
        while True:
            last = to_id(users[-1]["id"]) if users else None
            some = await self._ask(
                lambda last=last: self._http.get_reaction_users(  # type: ignore[misc]
                    channel_id, message_id, name, PAGE, after=last
                )
            )
            users += some
            if len(some) < PAGE:
                return users

    async def roles(self, server_id: int, member_id: int) -> tuple[int, ...]:
        """Return which roles a member holds; who has left holds none. Asked once a session."""
        key = (server_id, member_id)
        if key not in self._roles:
            try:
                found = await self._ask(lambda: self._http.get_member(server_id, member_id))
            except NotReadableError:
                found = {"roles": ()}
            self._roles[key] = tuple(map(to_id, found["roles"]))
        return self._roles[key]

    async def _ask(self, work: Callable[[], Awaitable[Any]]) -> Any:
        pause = self._retry_seconds
        while True:
            try:
                return await work()
            except (discord.Forbidden, discord.NotFound) as error:
                raise NotReadableError from error
            except discord.HTTPException as error:
                if error.status < 500 and error.status != _TOO_MANY_REQUESTS:
                    raise NotReadableError from error
                reason = f"HTTP {error.status}"
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                reason = type(error).__name__
            log.info("discord_asked_again", reason=reason, again_in_seconds=pause)
            await self._clock.sleep(pause)
            pause = min(2 * pause, MOST_RETRY_SECONDS)


def _archived_at(thread: Payload) -> str:
    return str(thread["thread_metadata"]["archive_timestamp"])


def _id(thread: Payload) -> str:
    return str(thread["id"])


def _is_before(moment: str, since_id: int) -> bool:
    return datetime.fromisoformat(moment) < snowflake_time(since_id)
