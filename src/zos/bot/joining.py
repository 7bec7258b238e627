"""The past of servers that Zos joins: fetched in the background, once, and booked when it is all there."""

from __future__ import annotations

from datetime import timedelta

import structlog

from zos.bot.backfill import Backfill, Backfilled, Server
from zos.bot.inbox import Inbox
from zos.bot.insisting import insisting
from zos.bot.rest import NotReadableError, Rest
from zos.core.clock import Clock
from zos.core.ids import snowflake_floor
from zos.observe.booking import HistoryBooker
from zos.scheduler.tasks import Tasks

log = structlog.get_logger(__name__)


class Joining:
    """Has the past of servers fetched.

    Args:
        inbox: What is in it is stored first.
        backfill: Fetches it.
        booker: Books it.
        clock: The time.
        days: How far back; None: not at all.
        retry_seconds: The pause when the store is not to be had.
    """

    def __init__(
        self,
        inbox: Inbox,
        backfill: Backfill,
        booker: HistoryBooker,
        clock: Clock,
        *,
        days: int | None,
        retry_seconds: float,
    ) -> None:
        self._inbox = inbox
        self._backfill = backfill
        self._booker = booker
        self._clock = clock
        self._days = days
        self._retry_seconds = retry_seconds
        self._tasks = Tasks()
        self._begun: set[int] = set()

    def server(self, rest: Rest, server: Server) -> None:
        """Fetch what of a server's past was never fetched to its end."""
        if self._days is not None and server.id not in self._begun:
            self._begun.add(server.id)
            self._tasks.spawn(self._server(rest, server, self._days), "backfill")

    async def stop(self) -> None:
        """Fetch no more; the next start goes on from there."""
        self._begun.clear()
        self._tasks.cancel()
        await self._tasks.settle()

    async def _server(self, rest: Rest, server: Server, days: int) -> None:
        await self._inbox.settled()
        since_id = snowflake_floor(self._clock.now() - timedelta(days=days))

        async def fetch() -> Backfilled:
            places = await self._backfill.places(rest, server, since_id)
            return await self._backfill.fetch(rest, server, places, since_id, unfinished=True)

        try:
            found = await insisting(fetch, self._clock, self._retry_seconds)
        except NotReadableError:
            log.warning("server_not_readable", server=str(server.id))
            return
        log.info("server_backfilled", server=str(server.id), messages=found.messages)
        now = self._clock.now()
        await insisting(lambda: self._booker.book_until(now), self._clock, self._retry_seconds)
