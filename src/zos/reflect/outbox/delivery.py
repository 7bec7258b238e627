"""Delivery: one step takes what is due and says whether there was anything; the service loops it.

Each text is reviewed right before it leaves, and again for as long as it stands where Zos can delete
it: what was public when it was made may be so no more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace

import structlog

from zos.consent.store import ConsentStore
from zos.core.clock import Clock
from zos.core.errors import DatabaseError, ZosError
from zos.core.ports import OutputPort
from zos.db.engine import Database
from zos.reflect.destinations import named
from zos.reflect.outbox.store import OutboxStore, PendingText
from zos.reflect.outbox.withdrawal.store import withdraw_standing, withdraw_waiting

log = structlog.get_logger(__name__)

DELIVERY_TIMEOUT_SECONDS = 60.0
RECORDING_SECONDS = 5.0
"""How long a stop of the service waits until it is recorded what stands there."""

PAUSES_SECONDS = (1.0, 5.0, 20.0)
"""Before it is tried again to record how an attempt ended."""


class Delivery:
    """Hands due texts to the port that delivers them.

    Args:
        database: The store.
        port: The way out, and back.
        consents: Asked once more before a text leaves.
        clock: The time.
    """

    def __init__(
        self, database: Database, port: OutputPort, consents: ConsentStore, clock: Clock
    ) -> None:
        self._database = database
        self._store = OutboxStore(database)
        self._port = port
        self._consents = consents
        self._clock = clock

    async def step(self) -> bool:
        """Deliver what is due, and take back what is withdrawn; return whether there was anything."""
        await withdraw_waiting(self._database, self._clock.now())
        due = await self._store.due(self._clock.now())
        for text in due:
            await (self._take_back(text) if text.is_withdrawn else self._deliver(text))
        return bool(due)

    async def review(self) -> None:
        """Withdraw what was posted and may not be shown any more: the next steps take it back."""
        if count := await withdraw_standing(self._database, self._consents, self._clock.now()):
            log.info("outputs_withdrawn", texts=count)

    async def _deliver(self, text: PendingText) -> None:
        origin = await self._store.origin(text, self._consents)
        # Where a part stands already, it says more than may be said now, and the rest does not fit on to it.
        if origin is None or (text.posted and origin.payload != text.payload):
            log.warning("output_withheld", run=text.run_id)
            await self._store.withhold(text, now=self._clock.now())
            return
        if not await self._store.begin(text, origin.calls):
            return
        text = replace(text, payload=origin.payload)
        payload = {
            **origin.payload,
            "dedup_key": text.dedup_key,
            "servers": [*map(str, origin.server_ids)],
            "channels": [*map(str, origin.channel_ids)],
        }
        posted = [*text.posted]
        if await self._did(text, self._port.deliver(text.destination, payload, posted), posted):
            now = self._clock.now()
            await self._recorded(lambda: self._store.delivered(text, posted=posted, now=now))

    async def _take_back(self, text: PendingText) -> None:
        posted = text.posted  # of what was erased before it was delivered nothing
        if not posted or await self._did(
            text, self._port.take_back(text.destination, posted), posted
        ):
            await self._store.taken_back(text)

    async def _did(
        self, text: PendingText, attempt: Awaitable[None], posted: Collection[str]
    ) -> bool:
        """Make an attempt and record how it failed, or that it was cut short; return whether it succeeded."""
        try:
            async with asyncio.timeout(DELIVERY_TIMEOUT_SECONDS):
                await attempt
        except TimeoutError:
            await self._failed(
                text, f"no answer in {DELIVERY_TIMEOUT_SECONDS:.0f} s", posted, retryable=True
            )
        except ZosError as error:
            await self._failed(text, str(error), posted, retryable=error.retryable)
        except Exception as error:  # a text's outermost frame: it would stop all others for ever
            log.exception("output_crashed", destination=named(text.destination))
            await self._failed(text, type(error).__name__, posted, retryable=True)
        except asyncio.CancelledError:
            now = self._clock.now()
            cut_short = self._insist(lambda: self._store.cut_short(text, posted=posted, now=now))
            await _ended(asyncio.ensure_future(cut_short))
            raise
        else:
            return True
        return False

    async def _failed(
        self, text: PendingText, reason: str, posted: Collection[str], *, retryable: bool
    ) -> None:
        log.warning(
            "output_not_taken_back" if text.is_withdrawn else "output_not_delivered",
            destination=named(text.destination),
            error=reason,
            attempts=text.attempts + 1,
        )
        now = self._clock.now()
        await self._recorded(
            lambda: self._store.failed(
                text, error=reason, retryable=retryable, posted=posted, now=now
            )
        )

    async def _recorded(self, record: Callable[[], Awaitable[None]]) -> None:
        """Record how an attempt ended, also while the service stops: else nobody knew what to take back."""
        recording = asyncio.ensure_future(self._insist(record))
        try:
            await asyncio.shield(recording)
        except asyncio.CancelledError:
            await _ended(recording)
            raise

    async def _insist(self, record: Callable[[], Awaitable[None]]) -> None:
        """Record, again after pauses where the store fails: what is posted once more nobody could take back."""
        for pause in PAUSES_SECONDS:
            try:
                return await record()
            except DatabaseError as error:
                log.warning("output_not_recorded_yet", error=str(error))
            await self._clock.sleep(pause)
        return await record()


async def _ended(recording: asyncio.Future[None]) -> None:
    """Wait for what is recorded while the service stops: it may hold that up for a while, and not undo it."""
    _, late = await asyncio.wait({recording}, timeout=RECORDING_SECONDS)
    if late:
        recording.cancel()
        log.error("output_not_recorded", error=f"no answer in {RECORDING_SECONDS:g} s")
    elif (error := recording.exception()) is not None:
        log.error("output_not_recorded", error=str(error))
