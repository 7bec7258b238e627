"""Texts that layers send, written into a local Discord by a bot that is connected to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.bot.conftest import Living, until
from tests.fakes.discord.server import Fault
from tests.fakes.discord.world import HALL, ROOM, SERVER, Json

from zos.bot.bot import ZosBot
from zos.bot.posting import lines_of
from zos.core.errors import DeliveryError

SEE, READ = 1 << 10, 1 << 16
LINK = f"https://discord.com/channels/{SERVER}/{ROOM}/5"


def payload(*texts: str, **more: Any) -> dict[str, Any]:
    lines = [{"text": f"• {text}", "links": [LINK]} for text in texts]
    origin = {"servers": [str(SERVER)], "channels": [str(ROOM)]}
    return {"heading": "#room", "lines": lines, "dedup_key": "t:output", **origin, **more}


@asynccontextmanager
async def ready(living: Living) -> AsyncIterator[ZosBot]:
    async with living.running() as bot:
        connection = bot._connection
        assert connection is not None
        await until(lambda: connection.get_channel(HALL) is not None)
        yield bot


def closed(role: int = SERVER) -> list[Json]:
    return [{"id": str(role), "type": 0, "allow": "0", "deny": str(SEE)}]


async def test_a_text_stands_there_with_links_and_calls_nobody(living: Living) -> None:
    async with ready(living) as bot:
        await bot.post(HALL, payload("@everyone: the **kiln** is fixed"), [])
        (told,) = living.discord.posted
        assert told["content"] == (
            f"**\\#room**\n• @\u200beveryone: the \\*\\*kiln\\*\\* is fixed [↗](<{LINK}>)"
        )
        assert told["allowed_mentions"] == {"parse": []}
        assert told["flags"] == 1 << 2
        await living.settled()
        await living.assert_true()


async def test_a_long_text_is_split_between_lines(living: Living) -> None:
    async with ready(living) as bot:
        await bot.post(HALL, payload(*(f"{number} " + "x" * 700 for number in range(6))), [])
        told = living.discord.posted
        assert len(told) == 3
        assert len({one["nonce"] for one in told}) == 3
        assert [one["content"].count("•") for one in told] == [2, 2, 2]


async def test_what_is_sent_again_stands_there_once(living: Living) -> None:
    world = living.discord.world
    async with ready(living) as bot:
        living.discord.lost_answers = 1
        with pytest.raises(DeliveryError, match="HTTP 503") as caught:
            await bot.post(HALL, payload("the kiln is fixed"), [])
        assert caught.value.retryable
        await bot.post(HALL, payload("the kiln is fixed"), [])
        assert len(living.discord.posted) == 2
        assert len(world.messages) == 1
        await bot.post(HALL, payload("the kiln is fixed", dedup_key="another"), [])
        assert len(world.messages) == 2


async def test_it_stands_only_where_all_may_read_what_it_rests_on(living: Living) -> None:
    world = living.discord.world
    world.channels[ROOM]["permission_overwrites"] = closed()
    thread = world.open_thread(11, "open", HALL)
    private = world.open_thread(11, "private", HALL, private=True)
    async with ready(living) as bot:
        for channels in ([ROOM], [HALL, ROOM], [private], [12_345]):
            with pytest.raises(DeliveryError, match="not everybody may read") as caught:
                await bot.post(HALL, payload("x", channels=[*map(str, channels)]), [])
            assert not caught.value.retryable
        with pytest.raises(DeliveryError, match="in another server"):
            await bot.post(HALL, payload("x", servers=["1"], channels=["2"]), [])
        with pytest.raises(DeliveryError, match="in another server"):
            await bot.post(HALL, payload("x", servers=[str(SERVER), "1"]), [])
        with pytest.raises(DeliveryError, match="does not see") as caught:
            await bot.post(12_345, payload("x"), [])
        assert caught.value.retryable  # the session is young: it may come
        assert living.discord.posted == []
        await bot.post(ROOM, payload("what was said in a closed place stays there"), [])
        await bot.post(HALL, payload("x", channels=[str(thread), str(HALL)]), [])
        assert len(living.discord.posted) == 2


async def test_what_was_posted_is_taken_back_and_what_is_gone_already_is_no_obstacle(
    living: Living,
) -> None:
    world = living.discord.world
    async with ready(living) as bot:
        first: list[str] = []
        await bot.post(HALL, payload(*("x" * 1_500 for _ in range(3))), first)
        assert [*map(int, first)] == [*world.messages]
        assert len(first) == 3
        world.delete(int(first[1]))
        living.discord.forbidden.add(HALL)
        with pytest.raises(DeliveryError, match="did not delete a message") as caught:
            await bot.take_back(HALL, first)
        assert "see the channel" in caught.value.hint
        assert "send messages" not in caught.value.hint
        living.discord.forbidden.clear()
        living.discord.faults += [Fault(404)]  # which does not say what is unknown
        with pytest.raises(DeliveryError, match="did not delete a message"):
            await bot.take_back(HALL, first)
        living.discord.faults += [Fault(501)]
        with pytest.raises(DeliveryError, match="HTTP 501") as caught:
            await bot.take_back(HALL, first)
        assert caught.value.retryable
        await bot.take_back(HALL, first)
        assert world.messages == {}
        await living.settled()
        await living.assert_true()
    with pytest.raises(DeliveryError, match="no connection") as caught:
        await living.bot.take_back(HALL, first)
    assert caught.value.retryable


async def test_of_a_long_text_only_what_is_missing_is_sent_again(living: Living) -> None:
    async with ready(living) as bot:
        lines = [f"{number} " + "x" * 1_500 for number in range(3)]
        posted: list[str] = []
        await bot.post(HALL, payload(*lines[:2]), posted)
        await bot.post(HALL, payload(*lines), posted)
        assert len(living.discord.posted) == len({*posted}) == 3


async def test_what_discord_answers_says_whether_to_try_again(living: Living) -> None:
    async with ready(living) as bot:
        living.discord.forbidden.add(HALL)
        with pytest.raises(DeliveryError, match="HTTP 403") as caught:
            await bot.post(HALL, payload("x"), [])
        assert not caught.value.retryable
        living.discord.forbidden.clear()
        living.discord.faults += [Fault(501)]
        with pytest.raises(DeliveryError, match="HTTP 501") as caught:
            await bot.post(HALL, payload("x"), [])
        assert caught.value.retryable
        assert bot._connection is not None
        await until(bot._connection.is_ready)
        with pytest.raises(DeliveryError, match="does not see") as caught:
            await bot.post(12_345, payload("x"), [])
        assert not caught.value.retryable


async def test_without_a_connection_a_text_waits(living: Living) -> None:
    with pytest.raises(DeliveryError, match="no connection") as caught:
        await living.bot.post(HALL, payload("x"), [])
    assert caught.value.retryable


def test_a_line_that_is_too_long_keeps_its_links() -> None:
    _, line = lines_of(payload("x" * 3_000))
    assert len(line) == 2_000
    assert line.endswith(f"… [↗](<{LINK}>)")


async def test_a_connection_that_ends_meanwhile_is_no_end_of_the_text(living: Living) -> None:
    async with ready(living) as bot:
        living.discord.faults += [Fault(429, 0.3)]
        posting = asyncio.create_task(bot.post(HALL, payload("x"), []))
        await until(lambda: not living.discord.faults)
    with pytest.raises(DeliveryError) as caught:
        await posting
    assert caught.value.retryable
