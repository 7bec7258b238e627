"""All slash commands of one connection, and telling Discord of them when they have changed.

Discord limits how often commands may be published, so a file beside the database remembers what was.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import aiohttp
import discord
import structlog
from discord import app_commands

from zos.access.files import write_private
from zos.bot.commands.answering import apologise
from zos.bot.commands.member import MemberCommands
from zos.bot.commands.operator import OperatorCommands
from zos.bot.services import BotServices
from zos.core.errors import ConfigError
from zos.views.health import DiscordStatus

log = structlog.get_logger(__name__)


class Commands(app_commands.CommandTree[discord.Client]):
    """The commands of a client. Without operators there are no operators' commands.

    Args:
        client: The connection; it hands over what is typed.
        services: What the commands work with.
        status: Says how the connection stands.
    """

    def __init__(
        self,
        client: discord.Client,
        services: BotServices,
        status: Callable[[], DiscordStatus],
    ) -> None:
        super().__init__(
            client,
            allowed_installs=app_commands.AppInstallationType(guild=True, user=False),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
        )
        self._published = services.published
        self._publishing = asyncio.Lock()
        self.add_command(MemberCommands(services))
        if services.settings.operators or services.settings.operator_roles:
            self.add_command(OperatorCommands(services, status))

    async def on_error(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError, /
    ) -> None:
        """Tell the one who asked that it did not work; who was refused knows already."""
        if not isinstance(error, app_commands.CheckFailure):
            await apologise(interaction, getattr(error, "original", error))

    async def publish(self) -> None:
        """Tell Discord of the commands, unless it was told of these very ones."""
        async with self._publishing:
            wanted = definitions_hash(self)
            if await asyncio.to_thread(published_hash, self._published) == wanted:
                return
            try:
                commands = await self.sync()
                await asyncio.to_thread(write_private, self._published, wanted + "\n", replace=True)
            except (discord.DiscordException, aiohttp.ClientError, OSError, ConfigError) as error:
                log.warning("commands_not_published", error=str(error))
            else:
                log.info("commands_published", commands=[one.name for one in commands])


def definitions_hash(tree: Commands) -> str:
    """Return what tells these definitions, of this application, from others."""
    definitions = [command.to_dict(tree) for command in tree.get_commands()]
    told = json.dumps([tree.client.application_id, definitions], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def published_hash(path: Path) -> str | None:
    """Return the hash of what was published last, or None; reads one small file."""
    try:
        return path.read_text("utf-8").strip()
    except OSError:
        return None
