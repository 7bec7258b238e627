"""How the doctor sees the application at a local Discord."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import pytest
from tests.fakes.discord.server import TOKEN, LocalDiscord, local_discord
from tests.fakes.discord.world import HALL, ROOM

from zos.config import Config
from zos.service import token
from zos.service.doctor.discord import application
from zos.service.doctor.finding import Finding, Level

INTENTS = 1 << 18 | 1 << 14
VIEW, READ, SEND, SEND_IN_THREADS, ADMINISTRATOR = 1 << 10, 1 << 16, 1 << 11, 1 << 38, 1 << 3


@pytest.fixture
async def discord_server() -> AsyncIterator[LocalDiscord]:
    async with local_discord() as local:
        local.application_flags = INTENTS
        yield local


@pytest.fixture
def config(make_config: Callable[..., Config]) -> Config:
    return make_config(discord={"token": TOKEN})


async def found(config: Config) -> dict[str, Finding]:
    return {one.subject: one async for one in application(config)}


async def test_all_is_well_and_the_invite_link_asks_for_no_more_than_is_needed(
    discord_server: LocalDiscord, config: Config
) -> None:
    findings = await found(config)
    assert {one.level for one in findings.values()} == {Level.OK}
    assert "knows the bot as zos" in findings["discord"].detail
    assert findings["discord invite"].detail == (
        "https://discord.com/oauth2/authorize?client_id=77&scope=bot+applications.commands"
        f"&permissions={VIEW | READ}"
    )
    assert [method for method, _ in discord_server.requests if method != "GET"] == []


async def test_missing_intents_and_permissions_are_named(
    discord_server: LocalDiscord, make_config: Callable[..., Config]
) -> None:
    discord_server.application_flags = 0
    discord_server.permissions = VIEW
    discord_server.forbidden.add(HALL)
    config = make_config(
        discord={"token": TOKEN, "allow_channels": [ROOM, HALL]},
        privacy={"consent": "role"},
        output={"discord_channels": [ROOM, 12_345]},
    )
    findings = await found(config)
    intents = findings["discord intents"]
    assert intents.level is Level.PROBLEM
    assert "Message Content and Server Members" in intents.detail
    assert "Bot" in intents.advice
    assert findings["discord server home"].detail == (
        "Zos's roles do not allow: Send Messages, Read Message History, Send Messages In Threads."
    )
    unseen = {one for one in findings if one.startswith("discord channel")}
    assert unseen == {f"discord channel {HALL}", "discord channel 12345"}
    wanted = VIEW | READ | SEND | SEND_IN_THREADS
    assert findings["discord invite"].detail.endswith(f"&permissions={wanted}")
    discord_server.permissions = ADMINISTRATOR
    assert (await found(config))["discord server home"].level is Level.OK


async def test_a_bot_in_no_server_is_a_warning(
    discord_server: LocalDiscord, config: Config
) -> None:
    discord_server.is_in_a_server = False
    discord_server.shards = 3
    findings = await found(config)
    assert findings["discord servers"].level is Level.WARNING
    assert "recommends 3 connections; 1 are" in findings["discord shards"].detail


async def test_a_wrong_token_a_dead_network_and_no_token_are_each_one_sentence(
    discord_server: LocalDiscord,
    make_config: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = await found(make_config(discord={"token": "wrong"}))
    assert "does not accept the bot's token" in wrong["discord"].detail
    none = await found(make_config())
    assert none["discord"].detail == "There is no bot token."
    discord_server.point_nowhere()
    dead = await found(make_config(discord={"token": TOKEN}))
    assert dead["discord"].detail.startswith("Discord was not reached")
    monkeypatch.setattr(token, "find_spec", lambda _name: None)
    assert "not installed" in (await found(make_config(discord={"token": "x"})))["discord"].detail
