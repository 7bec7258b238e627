"""`backfill`: the past as Discord tells it, into the store, and with `book` into the ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from zos.access.audit.recording import recorded
from zos.access.principal import Principal
from zos.config import Config
from zos.core.clock import Clock, SystemClock
from zos.observe.booking import BookedHistory
from zos.observe.history import History
from zos.service.services import build_services
from zos.service.token import bot_token

if TYPE_CHECKING:
    from zos.bot.backfill import Backfilled

Progress = Callable[[int, int], None]
"""Is told how much is done, and of how much."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came in; `unbooked` are the times of the first and last event not in the ledger."""

    backfilled: Backfilled
    booked: BookedHistory | None
    unbooked: tuple[datetime, datetime] | None


async def backfill(
    config: Config,
    since: datetime,
    channels: Collection[int] = (),
    *,
    by: str,
    book: bool = False,
    progress: Progress = lambda _done, _total: None,
    clock: Clock | None = None,
) -> Outcome:
    """Fetch what was said from `since` on; it works beside a running service, and without one.

    Args:
        config: The whole configuration.
        since: Aware; from when on.
        channels: Only these channels and threads; none: all that are observed.
        by: Which user of this machine asks for it, for the record of writes.
        book: Also book the salience of all stored history, up to now.
        progress: Is told how far the fetching is.
        clock: The time; the machine's unless given.

    Raises:
        ConfigError: If there is no token.
        DiscordError: If Discord does not accept the token, or is not reached.
        NotFoundError: If one of `channels` is not there to be observed.
        DatabaseError: If the store cannot be used.
    """
    token = bot_token(config)
    from zos.bot.whole_past import fetch_past

    clock = clock or SystemClock()
    asked = Principal.at_terminal(by)
    target = ", ".join([f"since {since:%F}", *(f"channel {one}" for one in channels)])
    async with (
        build_services(config, clock=clock) as services,
        recorded(services.audit, asked, "backfill", target),
    ):
        found = await fetch_past(
            config.discord,
            token,
            History(services.database, services.consents),
            clock,
            since=since,
            only=channels,
            progress=progress,
        )
        booked = await services.booker.book_until(clock.now()) if book else None
        return Outcome(found, booked, await services.booker.unbooked_range())
