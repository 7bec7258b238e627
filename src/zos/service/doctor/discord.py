"""The application at Discord: token, intents, permissions, and the link that invites it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from zos.config import Config
from zos.core.clock import SystemClock
from zos.core.errors import ConfigError, DiscordError
from zos.service.doctor.finding import Finding, ok, problem, warning
from zos.service.token import bot_token

if TYPE_CHECKING:
    from zos.bot.standing import ServerStanding, Standing

_PORTAL = "https://discord.com/developers/applications"


async def application(config: Config) -> AsyncIterator[Finding]:
    """Look how the application stands with Discord. Discord is asked; nothing is changed there."""
    try:
        token = bot_token(config)
    except ConfigError as error:
        yield problem("discord", error.message, error.hint)
        return
    from zos.bot.standing import standing

    try:
        found = await standing(config, token, SystemClock())
    except DiscordError as error:
        advice = f"Look at the network and at the token: {_PORTAL}, your application, Bot."
        yield problem("discord", error.message, advice)
        return
    for finding in _findings(found):
        yield finding
    if config.discord.shards != "auto" and found.shards > config.discord.shards:
        yield warning(
            "discord shards",
            f"Discord recommends {found.shards} connections; {config.discord.shards} are configured.",
            "Set discord.shards to auto.",
        )


def _findings(found: Standing) -> Iterator[Finding]:
    yield ok("discord", f"Discord knows the bot as {found.name}.")
    if found.missing_intents:
        names = " and ".join(found.missing_intents)
        yield problem(
            "discord intents",
            f"The application lacks the privileged intent {names}: it will not be let in.",
            f"Switch it on at {_PORTAL}, your application, Bot.",
        )
    else:
        yield ok("discord intents", "The privileged intents that are needed are switched on.")
    for server in found.servers:
        yield _server(server)
    if not found.servers:
        yield warning(
            "discord servers", "Zos is in no server.", "Open the invite link and choose one."
        )
    for channel_id in found.unseen:
        yield problem(
            f"discord channel {channel_id}",
            "The configuration names it, and Zos does not see it.",
            "Let Zos's role view it, or take it out of allow_channels or discord_channels.",
        )
    yield ok("discord invite", found.invite)


def _server(server: ServerStanding) -> Finding:
    subject = f"discord server {server.name}"
    if not server.missing:
        return ok(subject, "Zos's roles allow what it needs; single channels may say otherwise.")
    return problem(
        subject,
        f"Zos's roles do not allow: {', '.join(server.missing)}.",
        "Allow it in the server's settings under Roles, or open the invite link again.",
    )
