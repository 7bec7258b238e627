"""Where outgoing texts go: the log, a webhook, or a Discord channel. What is sent twice carries the same key.

In: a destination and a payload. Out: nothing, or the error that says whether to try again. What stands
on Discord can be taken back; a foreign webhook and the log keep what they were given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import httpx
import structlog

from zos.config.model import OutputConfig
from zos.reflect.destinations import DISCORD, LOG, channel_of, insist_allowed
from zos.service import discord_webhook
from zos.service.webhook import post_json

log = structlog.get_logger(__name__)


class Poster(Protocol):
    """Writes to Discord channels; see `zos.service.discord.DiscordBot`."""

    async def post(self, channel_id: int, payload: Mapping[str, object], posted: list[str]) -> None:
        """Write a text to a channel."""
        ...

    async def take_back(self, channel_id: int, posted: Sequence[str]) -> None:
        """Delete what was posted."""
        ...


class Outputs:
    """Delivers texts and takes them back. It is the `OutputPort` of the service.

    Args:
        settings: The configuration's `output` section: what is not named there is refused.
        poster: Writes to Discord.
    """

    def __init__(self, settings: OutputConfig, poster: Poster) -> None:
        self._settings = settings
        self._poster = poster

    async def deliver(
        self, destination: str, payload: dict[str, object], posted: list[str]
    ) -> None:
        """Deliver one text.

        Raises:
            DeliveryError: If it was not delivered.
        """
        insist_allowed(destination, self._settings)
        if destination == LOG:
            log.info("output", **payload)
        elif destination.startswith(DISCORD):
            await self._poster.post(channel_of(destination), payload, posted)
        elif discord_webhook.is_one(httpx.URL(destination)):
            await discord_webhook.post(destination, payload, posted, self._settings)
        else:
            await post_json(destination, payload, self._settings)

    async def take_back(self, destination: str, posted: Sequence[str]) -> None:
        """Delete what was posted to Discord, whether or not Zos may still write there.

        Raises:
            DeliveryError: If not all of it was deleted.
        """
        if destination.startswith(DISCORD):
            await self._poster.take_back(channel_of(destination), posted)
        else:
            await discord_webhook.take_back(destination, posted, self._settings)
