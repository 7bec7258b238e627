"""Where outgoing texts go: the log, a webhook, or a Discord channel. What is sent twice carries the same key.

In: a destination and a payload. Out: nothing, or the error that says whether to try again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from zos.config.model import OutputConfig
from zos.core.errors import DeliveryError
from zos.service.webhook import post_json

log = structlog.get_logger(__name__)

LOG = "log"
_DISCORD = "discord:"

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
        if destination == LOG:
            log.info("output", **payload)
        elif destination.startswith(_DISCORD):
            await self._to_discord(int(destination.removeprefix(_DISCORD)), payload)
        else:
            await post_json(destination, payload, self._settings)

    async def _to_discord(self, channel_id: int, payload: dict[str, object]) -> None:
        if channel_id not in self._settings.discord_channels:
            raise DeliveryError(
                f"Zos may not write to the Discord channel {channel_id}.",
                hint="Add it to output.discord_channels if it should.",
            )
        await self._post(channel_id, payload)
