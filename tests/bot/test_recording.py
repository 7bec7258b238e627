"""A slow or absent store: reading pauses, order is kept, nothing is lost; what cannot be stored is passed over."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.bot.conftest import Living, until

from zos.bot.inbox import CaughtUp, Inbox, SessionBegun
from zos.bot.recording import Recording, first_marks
from zos.consent.store import ConsentStore
from zos.core.clock import SystemClock
from zos.observe.events import Author, Event, MessageCreated
from zos.observe.marks.store import ChannelMarks
from zos.observe.messages.store import take_turn
from zos.observe.recorder import Recorder
from zos.salience.ledger import SalienceLedger

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ADA = Author(11, "ada", "Ada")


def wrote(number: int) -> MessageCreated:
    return MessageCreated(number, 9, 91, ADA, NOON + timedelta(seconds=number), f"message {number}")


def recording(living: Living, inbox: Inbox, *, batch_size: int = 10) -> Recording:
    database, config = living.database, living.config
    ledger, consents = SalienceLedger(database, config), ConsentStore(database, config)
    return Recording(
        inbox,
        Recorder(database, ledger, consents, config),
        ChannelMarks(database),
        SystemClock(),
        batch_size=batch_size,
        retry_seconds=0.01,
    )


async def test_a_store_that_is_busy_slows_the_reading_and_loses_nothing(living: Living) -> None:
    observe = living.config.observe.model_copy(update={"queue_size": 100, "batch_size": 20})
    living.config = living.config.model_copy(update={"observe": observe})
    world = living.discord.world
    async with living.running() as bot:
        await living.settled()
        async with living.database.write() as connection:
            await take_turn(living.database, connection)
            for number in range(1_500):
                world.say(11 + number % 3, f"message {number}")
            await until(lambda: bot.status.waiting >= 80)
            await asyncio.sleep(0.3)
            assert bot.status.waiting <= 100
        # With the server, its two places and Zos itself.
        await until(lambda: bot.status.recorded >= 1_504)
        await living.assert_true()


async def test_an_event_that_the_store_cannot_take_is_passed_over_alone(living: Living) -> None:
    inbox = Inbox(100)
    work = recording(living, inbox)
    impossible = replace(wrote(3), id=2**70)
    inbox.put([wrote(1), wrote(2), impossible, wrote(4)])
    inbox.close()
    await work.run()
    assert [*(await living.texts())] == [1, 2, 4]
    assert (work.recorded, work.passed_over) == (3, 1)


async def test_marks_move_only_where_nothing_is_missing(living: Living) -> None:
    inbox, marks = Inbox(100), ChannelMarks(living.database)
    work = recording(living, inbox, batch_size=1)
    steps: list[tuple[Event | SessionBegun | CaughtUp, dict[int, int]]] = [
        (wrote(1), {}),
        (CaughtUp(9, 91, 1), {91: 1}),
        (wrote(2), {91: 2}),
        (SessionBegun(), {91: 2}),
        (wrote(5), {91: 2}),
        (CaughtUp(9, 91, 4), {91: 4}),
        (wrote(6), {91: 6}),
    ]
    running = asyncio.create_task(work.run())
    for item, expected in steps:
        inbox.put([item])
        await inbox.settled()
        assert await marks.of_server(9) == expected
    inbox.close()
    await running


async def test_items_come_out_in_the_order_in_which_they_were_put() -> None:
    inbox = Inbox(4)
    inbox.put([wrote(1), wrote(2)])
    inbox.put([wrote(3), CaughtUp(9, 91, 3), wrote(4)])
    full = asyncio.create_task(inbox.room())
    await asyncio.sleep(0)
    assert not full.done()
    assert await inbox.take(3) == [wrote(1), wrote(2), wrote(3)]
    await full
    assert await inbox.take(3) == [CaughtUp(9, 91, 3), wrote(4)]
    inbox.close()
    assert await inbox.take(3) == []


def test_a_channel_younger_than_all_that_are_followed_is_taken_from_its_start() -> None:
    assert first_marks({}, {5: 8, 6: 0}) == {5: 8, 6: 6}
    assert first_marks({5: 100}, {5: 100, 4: 90, 7: 90}) == {4: 90, 7: 7}
