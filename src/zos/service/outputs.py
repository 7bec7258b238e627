"""Where outgoing texts go: the log, or a webhook. What is sent twice carries the same key.

In: a destination and a payload. Out: nothing, or the error that says whether to try again.
"""

from __future__ import annotations

import httpx
import structlog

from zos.core.errors import ZosError

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 15.0
LOG = "log"
_WEB = ("http://", "https://")


class DeliveryError(ZosError):
    """The text was not delivered."""


class LaterDeliveryError(DeliveryError):
    """The text was not delivered this time."""

    retryable = True


class Outputs:
    """Delivers texts. It is the `OutputPort` of the service."""

    async def deliver(self, destination: str, payload: dict[str, object]) -> None:
        """Deliver one text.

        Raises:
            DeliveryError: If it was not delivered.
        """
        if destination == LOG:
            log.info("output", **payload)
        elif destination.startswith(_WEB):
            await _post(destination, payload)
        else:
            raise LaterDeliveryError(f"Nothing delivers to {destination.partition(':')[0]} now.")


async def _post(url: str, payload: dict[str, object]) -> None:
    """POST a payload as JSON. The address stays out of errors and logs: its path is often a secret."""
    headers = {"Idempotency-Key": str(payload["dedup_key"])}
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            answer = await client.post(url, json=payload, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise LaterDeliveryError(f"The webhook was not reached: {type(error).__name__}.") from None
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
        raise LaterDeliveryError(f"The webhook answered HTTP {answer.status_code}.")
    if not answer.is_success:
        raise DeliveryError(f"The webhook answered HTTP {answer.status_code}.")
