"""A bot in many servers: several sessions at once, each with its own connects, gaps and marks."""

from __future__ import annotations

import asyncio

import pytest
from tests.bot.conftest import Living, until
from tests.fakes.discord.world import ROOM, SERVER

from zos.bot.inbox import CaughtUp, Inbox, SessionBegun
from zos.bot.shard import Shard
from zos.views.health import DiscordState


@pytest.fixture
def sharded(living: Living) -> Living:
    told = living.config.discord.model_copy(update={"shards": 2})
    living.config = living.config.model_copy(update={"discord": told})
    return living


def test_a_server_belongs_to_one_shard_and_direct_messages_to_the_first() -> None:
    first, second = Shard(0, 2), Shard(1, 2)
    assert first.holds(None)
    assert not second.holds(None)
    assert second.holds(SERVER)
    assert not first.holds(SERVER)
    assert first.holds(2 << 22)
    assert Shard().holds(1 << 22)


async def test_every_shard_is_connected_and_what_is_said_is_stored(sharded: Living) -> None:
    world, gateway = sharded.discord.world, sharded.discord.gateway
    private = world.open_conversation(11)
    async with sharded.running() as bot:
        assert [one.shard for one in gateway.sessions.values()] == [0, 1]
        number = world.say(11, "hello")
        world.react(number, 12)
        world.say(12, "not agreed to", channel=private)
        await sharded.settled()
        assert [*await sharded.texts()] == [number]
        assert bot.status.servers == 1
    assert sharded.bot.status.state is DiscordState.OFF


async def test_as_many_as_discord_recommends(sharded: Living) -> None:
    sharded.discord.shards = 3
    told = sharded.config.discord.model_copy(update={"shards": "auto"})
    sharded.config = sharded.config.model_copy(update={"discord": told})
    async with sharded.running():
        assert [one.shards for one in sharded.discord.gateway.sessions.values()] == [3, 3, 3]


async def test_a_new_session_of_one_shard_says_nothing_of_another(sharded: Living) -> None:
    world, gateway = sharded.discord.world, sharded.discord.gateway
    async with sharded.running() as bot:
        world.say(11, "heard")
        await sharded.settled()
        asked = len(sharded.discord.requests)
        await gateway.invalidate(shard=0)
        world.say(12, "heard meanwhile")
        await until(lambda: gateway.identified == 3)
        await until(lambda: bot.status.state is DiscordState.CONNECTED)
        await sharded.settled()
        await sharded.assert_true()
        assert len(sharded.discord.requests) == asked


@pytest.mark.parametrize("code", [4000, None])
async def test_each_shard_takes_its_session_up_again(sharded: Living, code: int | None) -> None:
    world, gateway = sharded.discord.world, sharded.discord.gateway
    async with sharded.running() as bot:
        world.say(11, "before")
        await sharded.settled()
        await gateway.drop(code)
        world.say(12, "meanwhile")
        await until(lambda: gateway.resumed == 2)
        await until(lambda: bot.status.state is DiscordState.CONNECTED)
        await sharded.settled()
        await sharded.assert_true()
    assert gateway.identified == 2


async def test_the_gap_of_a_shard_is_filled(sharded: Living) -> None:
    world, gateway = sharded.discord.world, sharded.discord.gateway
    async with sharded.running():
        edited = world.say(11, "old")
        await sharded.settled()
        await gateway.invalidate()
        for number in range(150):
            world.say(12, f"meanwhile {number}")
        world.edit(edited, "new")
        await until(lambda: gateway.identified == 4)
        await sharded.settled()
        await sharded.assert_true()


async def test_a_missing_intent_and_a_bad_token_are_told_in_one_sentence(sharded: Living) -> None:
    sharded.discord.gateway.allowed_intents = 0
    await asyncio.wait_for(sharded.bot.start("local.bot.token"), 10)
    assert "privileged intent" in sharded.bot.status.reason
    sharded.discord.gateway.token = "another"
    bot = sharded.made()
    await asyncio.wait_for(bot.start("local.bot.token"), 10)
    assert "does not accept the bot's token" in bot.status.reason


async def test_only_its_own_channels_are_no_longer_followed(sharded: Living) -> None:
    bot, other = sharded.bot, 2 << 22
    inbox = Inbox(10)
    recording = bot._recording
    recording._inbox = inbox
    inbox.put([CaughtUp(SERVER, ROOM, 5), CaughtUp(other, 6, 7), SessionBegun(Shard(0, 2))])
    inbox.close()
    await recording.run()
    assert recording._followed == {ROOM: SERVER}
