"""The past of a local Discord, fetched without a gateway, interrupted, taken up, and fetched on joining."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from tests.bot.conftest import Living, until
from tests.fakes.discord.server import TOKEN, Fault
from tests.fakes.discord.world import HALL, ROOM, SERVER, World

from zos.bot.backfill import Backfilled
from zos.bot.whole_past import fetch_past
from zos.consent.store import ConsentStore
from zos.core.clock import SystemClock
from zos.core.errors import DiscordError, NotFoundError
from zos.db.tables import backfill, channel, message, reaction, server
from zos.observe.history import History

DAY = datetime(2026, 3, 2, tzinfo=UTC)


async def fetched(
    living: Living, since: datetime = DAY, *only: int, token: str = TOKEN, **discord: object
) -> tuple[Backfilled, list[tuple[int, int]]]:
    told: list[tuple[int, int]] = []
    found = await fetch_past(
        living.config.discord.model_copy(update=discord),
        token,
        History(living.database, ConsentStore(living.database, living.config)),
        SystemClock(),
        since=since,
        only=only,
        progress=lambda done, total: told.append((done, total)),
    )
    return found, told


def talk(world: World, count: int, channel: int = ROOM) -> list[int]:
    return [world.say(11 + one % 3, f"message {one}", channel=channel) for one in range(count)]


async def stored(living: Living) -> set[int]:
    return set(await living.texts())


async def test_everything_since_a_day_comes_in_unbooked_with_its_threads(living: Living) -> None:
    world = living.discord.world
    talk(world, 250)
    talk(world, 20, HALL)
    open_thread, archived = world.open_thread(11, "open"), world.open_thread(11, "old", HALL)
    answered = world.say(12, "in a thread", channel=open_thread)
    world.say(12, "answer", channel=open_thread, reply_to=answered)
    world.say(13, "in an archived thread", channel=archived)
    world.archive(archived)
    liked = world.say(11, "liked")
    for who in (11, 12):
        world.react(liked, who)
        world.react(liked, who, "soup:801")
    world.react(liked, 13)
    found, told = await fetched(living)
    assert found == Backfilled(channels=4, unlisted=2, messages=274, reactions=2)
    await living.assert_texts_true()
    assert told[-1] == (4_000, 4_000)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {row[0] for row in await living.rows(message.c.booked)} == {False}
    assert await living.rows(reaction.c.emoji, reaction.c.member_id, reaction.c.count) == [
        ("801", 0, 2),
        ("👍", 0, 3),
    ]
    assert await living.rows(server.c.id, server.c.name) == [(SERVER, "home")]
    names = await living.rows(channel.c.name)
    assert names == [("hall",), ("old",), ("open",), ("room",)]


async def test_once_more_it_brings_only_what_is_new(living: Living) -> None:
    world = living.discord.world
    talk(world, 120)
    await fetched(living)
    new = talk(world, 3)
    living.discord.requests.clear()
    found, _ = await fetched(living)
    assert (found.messages, found.known) == (3, 0)
    assert set(new) <= await stored(living)
    pages = [path for _, path in living.discord.requests if path.endswith("/messages")]
    assert pages == [f"/api/channels/{ROOM}/messages"]


async def test_an_earlier_day_begins_anew(living: Living) -> None:
    world = living.discord.world
    talk(world, 5)
    found, _ = await fetched(living, world_time(world))
    assert found.messages == 0
    found, _ = await fetched(living)
    assert found.messages == 5
    assert await living.rows(backfill.c.channel_id, backfill.c.reached_id) == [
        (ROOM, max(world.messages))
    ]


async def test_what_is_interrupted_goes_on_where_it_stopped(living: Living) -> None:
    world = living.discord.world
    ids = talk(world, 350)
    pages = 0
    stuck = asyncio.Event()

    def third(_channel: int) -> None:
        nonlocal pages
        pages += 1
        if pages == 3:
            stuck.set()

    living.discord.before_page = third
    task = asyncio.create_task(fetched(living))
    await asyncio.wait_for(stuck.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(await stored(living)) == 200
    found, _ = await fetched(living)
    assert (found.messages, found.known) == (150, 0)
    assert await stored(living) == set(ids)


async def test_only_some_channels_and_only_what_is_observed(living: Living) -> None:
    world = living.discord.world
    world.join(21, "dora", 500)
    kept = world.say(11, "in the hall", channel=HALL)
    thread = world.open_thread(11, "in the hall", HALL)
    inside = world.say(11, "in its thread", channel=thread)
    world.say(21, "by a denied role", channel=HALL)
    talk(world, 3)
    await fetched(living, DAY, HALL, deny_roles=frozenset({500}))
    assert await stored(living) == {kept, inside}
    for only, denied in ((12_345, ROOM), (HALL, HALL)):
        with pytest.raises(NotFoundError, match=f"no channel or thread {only}"):
            await fetched(living, DAY, only, deny_channels=frozenset({denied}))


async def test_archived_threads_are_looked_through_as_far_as_the_day(living: Living) -> None:
    world = living.discord.world
    living.discord.archived_page = 1
    threads = [world.open_thread(11, f"thread {number}") for number in range(4)]
    said = []
    for one in threads:
        said.append(world.say(12, "something", channel=one))
        world.archive(one)
    since = time_of(said[2])
    await fetched(living, since)
    assert await stored(living) == set(said[2:])
    asked = [path for _, path in living.discord.requests if path.endswith("archived/public")]
    assert len([one for one in asked if str(ROOM) in one]) == 3


async def test_of_private_archived_threads_come_those_that_zos_is_in_or_all_it_may_see(
    living: Living,
) -> None:
    world, discord = living.discord.world, living.discord
    discord.archived_page = 1
    said: list[int] = []
    threads = [world.open_thread(11, f"secret {number}", private=True) for number in range(4)]
    for one in reversed(threads):  # archived against the order of their ids
        said.append(world.say(12, "between us", channel=one))
        world.archive(one)
    world.joined |= {*threads[:3]}
    found, _ = await fetched(living, time_of(said[2]))
    assert found == Backfilled(channels=2, unlisted=2, messages=2)
    assert await stored(living) == {said[2], said[3]}
    discord.permissions |= 1 << 34  # Manage Threads
    found, _ = await fetched(living)
    assert (found.unlisted, found.messages) == (0, 2)
    assert await stored(living) == {*said}


async def test_what_is_not_readable_is_counted_and_an_outage_waited_out(living: Living) -> None:
    world = living.discord.world
    talk(world, 3)
    talk(world, 3, HALL)
    world.messages[max(world.messages)]["timestamp"] = "never"
    living.discord.forbidden.add(ROOM)
    living.discord.faults += [Fault(503), Fault(429)]
    found, _ = await fetched(living)
    assert found == Backfilled(channels=2, unreadable=1, unlisted=2, messages=2, malformed=1)


async def test_a_server_that_is_not_readable_is_passed_over(living: Living) -> None:
    living.discord.forbidden.add(SERVER)
    told = living.config.discord.model_copy(update={"backfill_days": 30})
    living.config = living.config.model_copy(update={"discord": told})
    talk(living.discord.world, 3)
    found, _ = await fetched(living)
    assert found == Backfilled()
    with capture_logs() as logs:
        async with living.running():
            await until(lambda: any(one["event"] == "server_not_readable" for one in logs))
            heard = living.discord.world.say(11, "heard nevertheless")
            await living.settled()
    assert await stored(living) == {heard}


async def test_a_token_that_is_not_accepted_is_one_sentence(living: Living) -> None:
    with pytest.raises(DiscordError, match="does not accept the bot's token"):
        await fetched(living, token="wrong")


async def test_a_bot_that_starts_later_goes_on_from_there(living: Living) -> None:
    world = living.discord.world
    talk(world, 5)
    await fetched(living)
    between = world.say(12, "between")
    async with living.running():
        await living.settled()
        assert between in await stored(living)
        await living.assert_texts_true()


async def test_on_joining_the_past_is_fetched_once_and_booked(living: Living) -> None:
    world = living.discord.world
    days = (datetime.now(UTC) - DAY) // timedelta(days=1) + 1
    told = living.config.discord.model_copy(update={"backfill_days": days})
    living.config = living.config.model_copy(update={"discord": told})
    ids = talk(world, 230)

    def change(channel: int) -> None:
        if channel == ROOM:  # also while the very page is on its way that shows it as it was
            world.edit(ids[225], f"edited {len(living.discord.requests)}")

    living.discord.after_page = change
    living.discord.page_seconds = 0.1
    async with living.running():
        async with asyncio.timeout(20):
            while await unbooked(living) or len(await living.texts()) < 230:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await living.settled()
        await living.assert_texts_true()
    living.discord.requests.clear()
    async with living.running():
        await living.settled()
        await until(lambda: any("threads/active" in path for _, path in living.discord.requests))
        await asyncio.sleep(0.1)
    pages = [path for _, path in living.discord.requests if path.endswith(f"{ROOM}/messages")]
    assert len(pages) == 2  # the look at the newest, by the catching up


async def unbooked(living: Living) -> int:
    async with living.database.read() as connection:
        query = select(message.c.id).where(message.c.booked.is_(False))
        return len((await connection.execute(query)).all())


def world_time(world: World) -> datetime:
    return time_of(max(world.messages)) + timedelta(days=1)


def time_of(number: int) -> datetime:
    return datetime(2015, 1, 1, tzinfo=UTC) + timedelta(milliseconds=number >> 22)
