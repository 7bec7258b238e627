"""`ZosBot`: the connection to Discord, kept up for as long as it makes sense, and what it records."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import discord
import structlog

from zos.bot.backfill import Backfill
from zos.bot.catch_up import CatchUp
from zos.bot.commands.tree import Commands
from zos.bot.connection import Connection, ShardedConnection
from zos.bot.inbox import Inbox
from zos.bot.joining import Joining
from zos.bot.observing import Observing
from zos.bot.overheard import Overheard
from zos.bot.past import Past
from zos.bot.posting import post, take_back
from zos.bot.recording import Recording
from zos.bot.refusals import refusal
from zos.bot.rest import Rest
from zos.bot.services import BotServices
from zos.bot.shard import shard_of_session
from zos.bot.watch import Watch
from zos.consent.store import ConsentStore
from zos.core.clock import Clock, SystemClock
from zos.core.consent import ConsentMode
from zos.core.errors import LaterDeliveryError
from zos.observe.booking import HistoryBooker
from zos.observe.history import History
from zos.observe.marks.store import ChannelMarks
from zos.observe.recorder import Recorder
from zos.scheduler.tasks import Tasks
from zos.views.health import DiscordState, DiscordStatus

if TYPE_CHECKING:
    from pydantic import SecretStr

    from zos.config import Config
    from zos.salience.ledger import SalienceLedger

log = structlog.get_logger(__name__)

MOST_RETRY_SECONDS = 300.0
STOP_SECONDS = 20.0

_PASSING = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)


class ZosBot:
    """Observes Discord, and answers slash commands.

    Args:
        config: The `discord`, `observe` and `privacy` sections say what is observed and how.
        ledger: Books what is new, in the store that everything is recorded in.
        services: What slash commands work with; None: there are none.
        clock: The time; the machine's unless given.
        retry_seconds: The first pause after a failure; then doubled.
    """

    def __init__(
        self,
        config: Config,
        ledger: SalienceLedger,
        services: BotServices | None = None,
        *,
        clock: Clock | None = None,
        retry_seconds: float = 1.0,
    ) -> None:
        self._services = services
        self._commands: Commands | None = None
        self._tasks = Tasks()
        self._clock = clock or SystemClock()
        self._retry_seconds = retry_seconds
        self._intents = intents_for(config)
        self._inbox = Inbox(config.observe.queue_size)
        self._status = DiscordStatus()
        self._closing = asyncio.Event()
        self._connection: Connection | None = None
        self._was_reached = False
        self._shards = config.discord.shards
        self._up: set[int] = set()  # shards that are connected
        marks, watch, overheard = ChannelMarks(ledger.db), Watch(config.discord), Overheard()
        consents = ConsentStore(ledger.db, config)
        self._recording = Recording(
            self._inbox,
            Recorder(ledger.db, ledger, consents, config, clock=self._clock),
            marks,
            self._clock,
            batch_size=config.observe.batch_size,
            retry_seconds=retry_seconds,
        )
        self._past = Past(
            self._inbox,
            marks,
            watch,
            overheard,
            self._clock,
            lookback=config.discord.lookback_messages,
        )
        self._catch_up = CatchUp(
            self._inbox, self._past, marks, watch, self._clock, retry_seconds=retry_seconds
        )
        self._joining = self._joins(config, ledger, consents, watch, overheard)
        self._observing = Observing(
            self._inbox, watch, self._catch_up, self._joining, overheard, clock=self._clock
        )

    def _joins(
        self,
        config: Config,
        ledger: SalienceLedger,
        consents: ConsentStore,
        watch: Watch,
        overheard: Overheard,
    ) -> Joining:
        history, retell = History(ledger.db, consents), self._inbox.put
        return Joining(
            self._inbox,
            Backfill(history, watch, self._clock, overheard=overheard, retell=retell),
            HistoryBooker(ledger.db, ledger, consents, config, clock=self._clock),
            self._clock,
            days=config.discord.backfill_days,
            retry_seconds=self._retry_seconds,
        )

    @property
    def status(self) -> DiscordStatus:
        """How the connection stands now."""
        return replace(
            self._status,
            servers=len(self._connection.guilds) if self._connection else 0,
            waiting=len(self._inbox),
            catching_up=self._catch_up.waiting,
            recorded=self._recording.recorded,
            malformed=self._observing.malformed + self._past.malformed,
            passed_over=self._recording.passed_over,
        )

    async def start(self, token: SecretStr | str | None) -> None:
        """Connect and observe until `close` is called or Discord refuses.

        Without a token the bot is off. What Discord refuses is told by `status` and the log, not
        raised: the service goes on without Discord. Once this returns, what came in is recorded.
        """
        secret = token if isinstance(token, str) or token is None else token.get_secret_value()
        if not secret:
            return
        async with asyncio.TaskGroup() as group:
            recording = group.create_task(self._recording.run(), name="recording")
            try:
                await self._keep_connected(secret)
            finally:
                self._inbox.close()
                await self._finish(recording)

    async def close(self) -> None:
        """Ask `start` to come to its end."""
        self._closing.set()

    async def post(self, channel_id: int, payload: Mapping[str, object], posted: list[str]) -> None:
        """Write a text that a layer sends to a channel; `posted`: ids of what stands there of it.

        Raises:
            DeliveryError: If it may not stand there, or was not written.
        """
        await post(self._reached(), channel_id, payload, posted)

    async def take_back(self, channel_id: int, posted: Sequence[str]) -> None:
        """Delete what `post` wrote.

        Raises:
            DeliveryError: If not all of it was deleted.
        """
        await take_back(self._reached(), channel_id, posted)

    def _reached(self) -> Connection:
        if self._connection is None:
            raise LaterDeliveryError("There is no connection to Discord.")
        return self._connection

    async def _finish(self, recording: asyncio.Task[None]) -> None:
        """Let what came in be recorded; a store that is not to be had must not hold up the end."""
        await asyncio.wait({recording}, timeout=STOP_SECONDS)
        if not recording.done():
            # The marks stand before these: they are fetched after the next start.
            log.error("events_not_recorded", waiting=len(self._inbox))
            recording.cancel()

    async def _keep_connected(self, token: str) -> None:
        pause = self._retry_seconds
        while not self._closing.is_set():
            self._become(DiscordState.CONNECTING, self._status.reason)
            error = await self._connected(token)
            if self._closing.is_set():
                break
            if (reason := refusal(error, self._intents)) is not None:
                self._become(DiscordState.DISCONNECTED, reason)
                log.error("discord_refused", reason=reason)
                return
            if self._was_reached:
                pause, self._was_reached = self._retry_seconds, False
            self._become(DiscordState.CONNECTING, f"it was not reached ({type(error).__name__}).")
            detail = (
                None if isinstance(error, _PASSING) else error
            )  # a stranger deserves its frames
            log.warning(
                "discord_lost",
                error=type(error).__name__,
                again_in_seconds=pause,
                exc_info=detail,
            )
            await self._wait(pause)
            pause = min(2 * pause, MOST_RETRY_SECONDS)
        self._become(DiscordState.OFF)

    async def _connected(self, token: str) -> BaseException:
        """Be connected for as long as it lasts; return what ended it."""
        connection = self._connection = self._new_connection()
        closing = asyncio.ensure_future(self._closing.wait())
        living = asyncio.ensure_future(connection.start(token))
        try:
            await asyncio.wait({closing, living}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            living.cancel()
            self._tasks.cancel()
            ended = await asyncio.gather(living, return_exceptions=True)
            # What still asks over this connection must not find it closed.
            await self._catch_up.stop()
            await self._joining.stop()
            await connection.close()
            self._connection = None
        return _cause(ended[0] or ConnectionError("closed"))

    def _new_connection(self) -> Connection:
        self._up.clear()
        make, options = Connection, dict[str, Any]()
        if self._shards != 1:
            make = ShardedConnection
            options["shard_count"] = None if self._shards == "auto" else self._shards
        connection = make(
            intents=self._intents,
            observer=lambda kind, data: self._take(kind, data, rest),
            room=self._inbox.room,
            unreadable=self._observing.unreadable,
            lost=self._lose,
            **options,
        )
        rest = Rest(connection.http, self._clock, retry_seconds=self._retry_seconds)
        if self._services is not None:
            self._commands = Commands(connection, self._services, lambda: self.status)
        return connection

    def _take(self, kind: str, data: Any, rest: Rest) -> None:
        if kind in ("READY", "RESUMED"):
            self._reach(data)
        if kind == "READY" and self._commands is not None:
            self._tasks.spawn(self._commands.publish(), "commands")
        self._observing.take(kind, data, rest)

    def _reach(self, data: Any) -> None:
        self._was_reached = True
        self._up.add(data.get("__shard_id__") or shard_of_session(data).number)
        count = self._connection.shard_count if self._connection else None
        if len(self._up) >= (count or 1):
            self._become(DiscordState.CONNECTED)

    def _lose(self, shard: int) -> None:
        self._up.discard(shard)
        self._become(DiscordState.CONNECTING, "the connection was lost.")

    def _become(self, state: DiscordState, reason: str = "") -> None:
        if state is not self._status.state:
            log.info("discord_state", state=state.value, reason=reason)
        self._status = DiscordStatus(state, reason)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)


def _cause(error: BaseException) -> BaseException:
    """Return what ended a connection: a client whose first socket fails stumbles over having none."""
    first = error.__context__
    return first if isinstance(error, AttributeError) and isinstance(first, _PASSING) else error


def intents_for(config: Config) -> discord.Intents:
    """Return what the bot must be told to do its work, and no more.

    The members' list is asked for only where a role says who consents.
    """
    return discord.Intents(
        guilds=True,
        guild_messages=True,
        dm_messages=True,
        guild_reactions=True,
        dm_reactions=True,
        message_content=True,
        members=config.privacy.consent is ConsentMode.ROLE,
    )
