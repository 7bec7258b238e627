"""The bot on a local Discord: what it hears, what it misses and makes up for, and when it gives up."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs
from tests.bot.conftest import Living, until
from tests.fakes.discord.server import TOKEN, Fault
from tests.fakes.discord.world import HALL, ROOM, SERVER

from zos.consent.store import ConsentRecord, ConsentStore
from zos.core.clock import SystemClock
from zos.core.consent import ConsentMode, ConsentState
from zos.db.tables import channel, member, member_role, message, server
from zos.views.health import DiscordState


async def test_what_is_said_edited_deleted_and_reacted_to_is_stored(living: Living) -> None:
    world = living.discord.world
    async with living.running() as bot:
        first = world.say(11, "hello", mentions=[12])
        second = world.say(12, "hi https://example.org", reply_to=first)
        third = world.say(13, "oops", channel=HALL)
        world.unfurl(second)
        world.edit(second, "hi there")
        world.react(first, 12)
        world.react(first, 13, "soup:801")
        world.unreact(first, 12)
        world.delete(third)
        await living.settled()
        await living.assert_true()
        assert bot.status.servers == 1
    assert living.bot.status.state is DiscordState.OFF
    assert living.bot.status.malformed == 0
    assert await living.rows(server.c.id, server.c.name) == [(SERVER, "home")]


async def test_channels_and_threads_come_and_go(living: Living) -> None:
    world = living.discord.world
    async with living.running():
        thread = world.open_thread(11, "plans")
        world.say(12, "in the thread", channel=thread)
        garden = world.open_channel("garden")
        world.open_channel("forum", kind=15)
        world.say(12, "in the garden", channel=garden)
        await living.settled()
        await living.assert_true()
        assert (thread, "plans", ROOM) in await living.rows(
            channel.c.id, channel.c.name, channel.c.parent_id
        )
        world.close_channel(garden)
        await living.settled()
        await living.assert_true()
    assert "forum" not in {row[0] for row in await living.rows(channel.c.name)}


async def test_a_deletion_is_recorded_within_one_event(living: Living) -> None:
    world = living.discord.world
    async with living.running():
        number = world.say(11, "a secret")
        world.say(12, "something else")
        world.delete(number)
        await living.settled()
    assert list((await living.texts()).values()) == ["something else"]


@pytest.mark.parametrize("code", [4000, None])
async def test_after_a_drop_the_session_is_taken_up_and_nothing_fetched(
    living: Living, code: int | None
) -> None:
    world, gateway = living.discord.world, living.discord.gateway
    async with living.running():
        world.say(11, "before")
        await living.settled()
        asked = len(living.discord.requests)
        await gateway.drop(code)
        world.say(12, "meanwhile")
        await gateway.ready.wait()
        world.say(13, "after")
        await living.settled()
        await living.assert_true()
    assert (gateway.identified, gateway.resumed) == (1, 1)
    assert len(living.discord.requests) == asked


async def test_after_an_invalid_session_the_gap_is_filled_and_compared(living: Living) -> None:
    world, gateway = living.discord.world, living.discord.gateway
    async with living.running():
        kept, edited, gone = world.say(11, "kept"), world.say(12, "old"), world.say(13, "gone")
        world.react(kept, 12)
        world.react(edited, 13, "soup:801")
        await living.settled()
        await gateway.invalidate()
        for number in range(250):
            world.say(11 + number % 3, f"meanwhile {number}")
        world.edit(edited, "new")
        world.delete(gone)
        world.unreact(kept, 12)
        world.react(kept, 11)
        world.clear_reactions(edited)
        new = world.open_channel("new")
        world.say(12, "in a new channel", channel=new)
        thread = world.open_thread(11, "new thread")
        world.say(12, "in a new thread", channel=thread)
        await gateway.ready.wait()
        await living.settled()
        await living.assert_true()
    assert gateway.identified == 2


async def test_after_a_restart_the_gap_is_filled(living: Living) -> None:
    world = living.discord.world
    history = world.say(11, "long before Zos came")
    async with living.running():
        world.say(11, "heard")
        await living.settled()
    world.say(12, "missed")
    async with living.running():
        world.say(13, "heard again")
        await living.settled()
    texts = await living.texts()
    assert list(texts.values()) == ["heard", "missed", "heard again"]
    assert history not in texts


async def test_a_place_that_is_not_readable_loses_nothing(living: Living) -> None:
    world = living.discord.world
    async with living.running():
        world.say(11, "in the room")
        world.say(12, "in the hall", channel=HALL)
        await living.settled()
    living.discord.unreadable.add(ROOM)
    living.discord.forbidden.add(HALL)
    async with living.running():
        await living.settled()
        await living.assert_true()


async def test_what_happens_while_a_page_is_on_its_way_is_not_overtaken_by_it(
    living: Living,
) -> None:
    world = living.discord.world
    async with living.running():
        world.say(11, "heard")
        await living.settled()
    number = world.say(12, "first wording")
    other = world.say(12, "to be deleted")

    def change(place: int) -> None:
        if place == ROOM and number in world.messages and other in world.messages:
            world.edit(number, "second wording")
            world.react(number, 13)
            world.delete(other)

    living.discord.after_page = change
    async with living.running():
        await living.settled()
        await living.assert_true()


async def test_an_outage_of_rest_is_waited_out(living: Living) -> None:
    world = living.discord.world
    async with living.running():
        world.say(11, "heard")
        await living.settled()
    number = world.say(12, "missed")
    world.react(number, 13)
    living.discord.faults += [Fault(503), Fault(429), Fault(503), Fault(429), Fault(503)]
    async with living.running():
        await living.settled()
        await living.assert_true()
    assert not living.discord.faults


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("MESSAGE_CREATE", {"id": "5", "channel_id": str(ROOM)}),
        ("MESSAGE_CREATE", {"id": "x", "channel_id": [], "type": 0}),
        ("MESSAGE_CREATE", None),
        ("MESSAGE_UPDATE", {"edited_timestamp": "yesterday", "id": "5", "channel_id": "9"}),
        ("MESSAGE_DELETE", {}),
        ("MESSAGE_REACTION_ADD", {"message_id": "5", "emoji": "?"}),
        ("GUILD_CREATE", {"id": str(SERVER), "name": 3}),
        ("CHANNEL_UPDATE", {"id": "1"}),
        ("GUILD_ROLE_CREATE", {"guild_id": "none"}),
        ("PRESENCE_UPDATE", []),
    ],
)
async def test_a_malformed_payload_is_counted_and_passed_over(
    living: Living, kind: str, data: object
) -> None:
    world, gateway = living.discord.world, living.discord.gateway
    async with living.running() as bot:
        gateway.tell(kind, data)  # type: ignore[arg-type]
        world.say(11, "still here")
        await living.settled()
        await living.assert_true()
        assert bot.status.malformed >= 1
    assert (gateway.identified, gateway.resumed) == (1, 0)


async def test_a_bad_token_is_told_in_one_sentence(living: Living) -> None:
    await asyncio.wait_for(living.bot.start("wrong"), 10)
    assert living.bot.status.state is DiscordState.DISCONNECTED
    assert "does not accept the bot's token" in living.bot.status.reason


async def test_a_token_that_only_the_gateway_refuses_is_told_too(living: Living) -> None:
    living.discord.gateway.token = "another"
    await asyncio.wait_for(living.bot.start(TOKEN), 10)
    assert "does not accept the bot's token" in living.bot.status.reason


async def test_a_missing_intent_is_told_in_one_sentence(living: Living) -> None:
    living.discord.gateway.allowed_intents = 0
    await asyncio.wait_for(living.bot.start(TOKEN), 10)
    assert living.bot.status.state is DiscordState.DISCONNECTED
    assert "privileged intent Message Content" in living.bot.status.reason


@pytest.mark.parametrize("token", [None, ""])
async def test_without_a_token_the_bot_is_off(living: Living, token: str | None) -> None:
    await living.bot.start(token)
    assert living.bot.status.state is DiscordState.OFF
    assert living.discord.requests == []


async def test_a_gateway_that_is_down_is_told_in_one_sentence_and_tried_again(
    living: Living,
) -> None:
    living.discord.gateway.refusals += [503]
    with capture_logs() as logs:
        async with living.running():
            living.discord.world.say(11, "at last")
            await living.settled()
            await living.assert_true()
    (lost,) = [one for one in logs if one["event"] == "discord_lost"]
    assert (lost["error"], lost["exc_info"]) == ("WSServerHandshakeError", None)


async def test_a_server_that_was_left_is_recorded_and_an_outage_is_not(living: Living) -> None:
    world = living.discord.world
    async with living.running():
        world.say(11, "kept")
        world.leave(unavailable=True)
        await living.settled()
        assert await living.rows(server.c.left_at) == [(None,)]
        world.leave()
        await living.settled()
    assert await living.rows(server.c.left_at) != [(None,)]
    await living.assert_true()


async def test_only_what_the_lists_let_in_is_stored(living: Living) -> None:
    world = living.discord.world
    world.join(21, "dora", 500)
    living.config = living.config.model_copy(
        update={
            "discord": living.config.discord.model_copy(
                update={"deny_channels": frozenset({HALL}), "deny_roles": frozenset({500})}
            )
        }
    )
    async with living.running():
        kept = world.say(11, "kept")
        world.react(kept, 21)
        world.react(kept, 12)
        world.say(11, "in a denied place", channel=HALL)
        world.say(21, "by a denied role")
        thread = world.open_thread(11, "in a denied place", HALL)
        world.say(11, "in a thread of it", channel=thread)
        await living.settled()
    world.say(21, "by a denied role, unheard")
    world.say(11, "in a denied place, unheard", channel=HALL)
    world.say(12, "kept, unheard")
    gone = world.say(13, "by one who left")
    world.react(gone, 21)
    del world.members[13]
    async with living.running():
        await living.settled()
    assert [*(await living.texts()).values()] == ["kept", "kept, unheard", "by one who left"]
    assert await living.stands() == {(kept, "👍", 12)}


async def test_direct_messages_are_followed_with_consent(living: Living) -> None:
    world = living.discord.world
    now = SystemClock().now()
    consents = ConsentStore(living.database, living.config)
    await consents.record_many([ConsentRecord(11, ConsentState.GRANTED, now, "test")])
    private, other = world.open_conversation(11), world.open_conversation(12)
    async with living.running():
        first = world.say(11, "between us", channel=private)
        world.react(first, 11)
        world.say(12, "not agreed to", channel=other)
        await living.settled()
    world.say(11, "missed between us", channel=private)
    async with living.running():
        await living.settled()
    assert [*(await living.texts()).values()] == ["between us", "missed between us"]
    assert await living.rows(message.c.scope) == [("dm",), ("dm",)]
    assert (11, "ada") in await living.rows(member.c.id, member.c.name)


async def test_where_a_role_says_who_consents_members_are_watched(living: Living) -> None:
    world = living.discord.world
    privacy = living.config.privacy.model_copy(
        update={"consent": ConsentMode.ROLE, "consent_roles": frozenset({500})}
    )
    living.config = living.config.model_copy(update={"privacy": privacy})
    consents = ConsentStore(living.database, living.config)
    async with living.running():
        world.hold(11, 500)
        await living.settled()
        assert (await consents.view()).allows(11)
        world.hold(11)
        await living.settled()
        assert not (await consents.view()).allows(11)
    assert await living.rows(member_role.c.role_id) == []


async def test_an_end_in_the_midst_of_catching_up_is_clean(living: Living) -> None:
    world = living.discord.world
    async with living.running():
        for number in range(20):
            world.say(11, f"heard {number}")
        await living.settled()
    world.messages.clear()  # each is asked about by itself
    with capture_logs() as logs:
        async with living.running() as bot:
            await until(lambda: any(path.count("/") == 5 for _, path in living.discord.requests))
            assert bot.status.catching_up
    assert [one for one in logs if one["event"] == "task_failed"] == []
