"""What `zos backfill` does: the past of every server that Zos is in, without a gateway."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

import structlog

from zos.bot.backfill import SHARE, Backfill, Backfilled, Places, Server
from zos.bot.mapping import to_id
from zos.bot.rest import NotReadableError, Rest
from zos.bot.session import session
from zos.bot.watch import Watch
from zos.config.model import DiscordConfig
from zos.core.clock import Clock
from zos.core.errors import NotFoundError
from zos.core.ids import snowflake_floor
from zos.observe.history import History

log = structlog.get_logger(__name__)

Progress = Callable[[int, int], None]
"""Is told how much is done, and of how much."""


async def fetch_past(
    settings: DiscordConfig,
    token: str,
    history: History,
    clock: Clock,
    *,
    since: datetime,
    only: Collection[int] = (),
    progress: Progress = lambda _done, _total: None,
) -> Backfilled:
    """Store what was said from `since` on; what is in already is passed over.

    Args:
        settings: Says what is observed.
        token: The bot's.
        history: Where it goes.
        clock: The time.
        since: Aware; from when on.
        only: Ids of channels and threads (with a channel, its threads); none: all.
        progress: Is told how far it is.

    Raises:
        DiscordError: If Discord does not accept the token, or is not reached.
        NotFoundError: If one of `only` is in no server that Zos is in, or is not observed.
        DatabaseError: If the store is not to be had; what is in stays.
    """
    backfill = Backfill(history, Watch(settings), clock)
    since_id = snowflake_floor(since)
    async with session(token) as client:
        rest = Rest(client.http, clock, retry_seconds=1.0)
        found = await _found(backfill, rest, since_id, only)
        count = sum(len(places.found) for _, places in found)
        total, done = Backfilled(), 0
        for server, places in found:

            def tell(share: int, before: int = done) -> None:
                progress(before * SHARE + share, count * SHARE)

            total += await backfill.fetch(rest, server, places, since_id, progress=tell)
            done += len(places.found)
    return total


async def _found(
    backfill: Backfill, rest: Rest, since_id: int, only: Collection[int]
) -> list[tuple[Server, Places]]:
    found: list[tuple[Server, Places]] = []
    for one in await rest.servers():
        server = Server(to_id(one["id"]), one["name"])
        try:
            found.append((server, await backfill.places(rest, server, since_id, only)))
        except NotReadableError:
            log.warning("server_not_readable", server=one["id"])
    places = [one for _, places in found for one in places.found]
    ids = {to_id(one["id"]) for one in places}
    ids |= {to_id(one["parent_id"]) for one in places if one["parent_id"]}
    if missing := {*only} - ids:
        raise NotFoundError(
            f"Zos sees no channel or thread {min(missing)} that is observed.",
            hint="Copy its id in Discord (with the developer mode on), and see discord.allow_channels.",
        )
    return found
