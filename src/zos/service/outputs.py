"""Where outgoing texts go: the log, a webhook, or a Discord channel. What is sent twice carries the same key.

In: a destination and a payload. Out: nothing, or the error that says whether to try again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from zos.config.model import OutputConfig
from zos.reflect.destinations import DISCORD, LOG, channel_of, insist_allowed
from zos.service.webhook import post_json

log = structlog.get_logger(__name__)

Post = Callable[[int, Mapping[str, object]], Awaitable[None]]
"""Writes a payload to a Discord channel."""


class Outputs:
    """Delivers texts. It is the `OutputPort` of the service.

    Args:
        settings: The configuration's `output` section: what is not named there is refused.
        post: Writes to Discord.
    """

    def __init__(self, settings: OutputConfig, post: Post) -> None:
        self._settings = settings
        self._post = post

    async def deliver(self, destination: str, payload: dict[str, object]) -> None:
        """Deliver one text.

        Raises:
            DeliveryError: If it was not delivered.
        """
        insist_allowed(destination, self._settings)
        if destination == LOG:
            log.info("output", **payload)
        elif destination.startswith(DISCORD):
            await self._post(channel_of(destination), payload)
        else:
            await post_json(destination, payload, self._settings)
