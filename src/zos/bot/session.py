"""Asking Discord without a gateway: logged in for the length of a block."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord

from zos.bot.refusals import refusal
from zos.core.errors import DiscordError


@asynccontextmanager
async def session(token: str) -> AsyncIterator[discord.Client]:
    """Log in; nothing is heard.

    Raises:
        DiscordError: If Discord does not accept the token, or is not reached.
    """
    intents = discord.Intents(guilds=True)
    async with discord.Client(intents=intents) as client:
        try:
            await client.login(token)
        except (discord.DiscordException, aiohttp.ClientError, OSError) as error:
            raise DiscordError(
                refusal(error, intents) or f"Discord was not reached ({type(error).__name__})."
            ) from None
        yield client
