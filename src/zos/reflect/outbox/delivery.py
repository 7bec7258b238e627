"""Delivery: one step takes what is due and says whether there was anything; the service loops it.

Each text is reviewed right before it leaves: what was public when it was made may be so no more.
"""

from __future__ import annotations

import asyncio

import structlog

from zos.consent.store import ConsentStore
from zos.core.clock import Clock
from zos.core.errors import ZosError
from zos.core.ports import OutputPort
from zos.reflect.outbox.store import OutboxStore, PendingText

log = structlog.get_logger(__name__)

DELIVERY_TIMEOUT_SECONDS = 60.0


class Delivery:
    """Hands due texts to the port that delivers them.

    Args:
        store: The outbox.
        port: The way out.
        consents: Asked once more before a text leaves.
        clock: The time.
    """

    def __init__(
        self, store: OutboxStore, port: OutputPort, consents: ConsentStore, clock: Clock
    ) -> None:
        self._store = store
        self._port = port
        self._consents = consents
        self._clock = clock

    async def step(self) -> bool:
        """Deliver what is due; return whether there was anything."""
        await self._store.withdraw()
        due = await self._store.due(self._clock.now())
        for text in due:
            await self._deliver(text)
        return bool(due)

    async def _deliver(self, text: PendingText) -> None:
        origin = await self._store.origin(text, self._consents)
        if origin is None:
            log.warning("output_withheld", run=text.run_id)
            await self._store.withhold(text)
            return
        payload = {
            **origin.payload,
            "dedup_key": text.dedup_key,
            "servers": [*map(str, origin.server_ids)],
            "channels": [*map(str, origin.channel_ids)],
        }
        try:
            async with asyncio.timeout(DELIVERY_TIMEOUT_SECONDS):
                await self._port.deliver(text.destination, payload)
        except TimeoutError:
            await self._failed(
                text, f"no answer in {DELIVERY_TIMEOUT_SECONDS:.0f} s", retryable=True
            )
        except ZosError as error:
            await self._failed(text, str(error), retryable=error.retryable)
        else:
            await self._store.delivered(text.id, now=self._clock.now())

    async def _failed(self, text: PendingText, reason: str, *, retryable: bool) -> None:
        log.warning(
            "output_not_delivered",
            destination=text.destination,
            error=reason,
            attempts=text.attempts + 1,
        )
        await self._store.failed(text, error=reason, retryable=retryable, now=self._clock.now())
