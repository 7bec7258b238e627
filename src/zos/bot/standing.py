"""How an application stands with Discord: asked over REST, for the doctor; nothing is changed.

In: the token and the configuration. Out: facts, among them the link that invites Zos into a server.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import discord

from zos.bot.bot import intents_for
from zos.bot.mapping import to_id
from zos.bot.rest import Rest
from zos.bot.session import session
from zos.config import Config
from zos.core.clock import Clock

MESSAGE_CONTENT, SERVER_MEMBERS = "Message Content", "Server Members"
_SCOPES = ("bot", "applications.commands")


@dataclass(frozen=True, slots=True)
class ServerStanding:
    """A server that Zos is in, and the permissions that it lacks there."""

    id: int
    name: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How the application stands.

    Attributes:
        name: The bot's.
        missing_intents: Privileged intents that are needed and not switched on.
        servers: Where Zos is.
        unseen: Channels that the configuration names and Zos does not see.
        shards: As many connections Discord recommends.
        invite: The link that lets Zos into a server with what it needs.
    """

    name: str
    missing_intents: tuple[str, ...]
    servers: tuple[ServerStanding, ...]
    unseen: tuple[int, ...]
    shards: int
    invite: str


def permissions_for(config: Config) -> discord.Permissions:
    """Return what Zos must be allowed to do its work, and no more."""
    writes = bool(config.output.discord_channels)
    return discord.Permissions(
        view_channel=True,
        read_message_history=True,
        send_messages=writes,
        send_messages_in_threads=writes,
    )


async def standing(config: Config, token: str, clock: Clock) -> Standing:
    """Ask Discord how the application stands.

    Raises:
        DiscordError: If Discord does not accept the token, or is not reached.
    """
    wanted = permissions_for(config)
    async with session(token) as client:
        application, user = client.application, client.user
        assert application is not None  # noqa: S101 - the login has told
        assert user is not None  # noqa: S101
        rest = Rest(client.http, clock, retry_seconds=1.0)
        servers = [
            ServerStanding(to_id(one["id"]), one["name"], _missing(one["permissions"], wanted))
            for one in await rest.servers()
        ]
        named = sorted(config.discord.allow_channels | config.output.discord_channels)
        return Standing(
            name=user.name,
            missing_intents=tuple(_missing_intents(application.flags, intents_for(config))),
            servers=tuple(servers),
            unseen=tuple([one for one in named if not await rest.sees(one)]),
            shards=await rest.recommended_shards(),
            invite=discord.utils.oauth_url(application.id, permissions=wanted, scopes=_SCOPES),
        )


def _missing(held: str, wanted: discord.Permissions) -> tuple[str, ...]:
    holds = discord.Permissions(int(held))
    if holds.administrator:
        return ()
    return tuple(
        name.replace("_", " ").title()
        for name, needed in wanted
        if needed and not getattr(holds, name)
    )


def _missing_intents(flags: discord.ApplicationFlags, intents: discord.Intents) -> Iterator[str]:
    if not (flags.gateway_message_content or flags.gateway_message_content_limited):
        yield MESSAGE_CONTENT
    has_members = flags.gateway_guild_members or flags.gateway_guild_members_limited
    if intents.members and not has_members:
        yield SERVER_MEMBERS
