from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.observe.conftest import Room
from tests.observe.exports import CHANNEL, START, answering, export, person, reacted, said, write

from zos.core.topics import TopicKey
from zos.db.tables import channel, message, reaction, salience_entry, topic
from zos.observe.booking import BookedHistory


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.fixture
async def history(room: Room, tmp_path: Path) -> Room:
    """Six messages, in no order of time, with reactions, and a thread; everyone has consented."""
    await room.consent(*range(11, 16))
    told = [
        said(3, 11, mentions=[person(12)]),
        said(1, 12, reactions=[reacted("👍", 13, 14), reacted("soup", emoji_id="801", count=2)]),
        said(5, 13, "<:soup:801>"),
        said(2, 11, **answering(1)),
    ]
    thread = export(
        [said(4, 14), said(6, 15)], id="700", type="GuildPublicThread", categoryId=str(CHANNEL)
    )
    await room.bring_in(write(tmp_path / "a.json", export(told)))
    await room.bring_in(write(tmp_path / "t.json", thread))
    return room


async def test_an_import_books_nothing_by_itself(history: Room) -> None:
    assert await history.rows(salience_entry) == []
    assert await history.booker.unbooked_range() == (at(1), at(6))
    assert await history.booker.unbooked_count(at(4)) == 4


async def test_everything_up_to_a_moment_is_booked_and_nothing_later(history: Room) -> None:
    booked = await history.booker.book_until(at(4))

    assert (booked.messages, booked.reactions, booked.threads) == (4, 3, 1)
    assert await history.rows(message, "id", "booked") == [
        (number, number <= 4) for number in range(1, 7)
    ]
    assert all(done for (done,) in await history.rows(reaction, "booked"))
    assert (await history.rows(channel, "id", "booked"))[-1] == (700, True)
    assert max(moment for (moment,) in await history.rows(salience_entry, "at")) == at(4)
    assert await history.booker.unbooked_range() == (at(5), at(6))
    await history.audited()


async def test_booking_again_changes_nothing(history: Room) -> None:
    await history.book()
    before = await history.everything()

    assert await history.book() == BookedHistory()
    assert await history.booker.unbooked_range() is None
    assert await history.everything() == before


async def test_people_pairs_spaces_and_emoji_earn(history: Room) -> None:
    await history.book()

    server = 500
    keys = set(await history.balances())
    assert {
        str(TopicKey.user(11)),
        str(TopicKey.user(11, server)),
        str(TopicKey.dyad(11, 12, server)),
        str(TopicKey.dyad(12, 13, server)),
        str(TopicKey.channel(server, CHANNEL)),
        str(TopicKey.thread(server, 700)),
        str(TopicKey.emoji(server, 801)),
    } <= keys


@pytest.mark.parametrize("size", [1, 2, 3, 5])
async def test_the_size_of_a_batch_does_not_matter(history: Room, size: int) -> None:
    told: list[BookedHistory] = []

    booked = await history.in_batches_of(size).booker.book_until(history.clock.now(), told.append)

    assert (booked.messages, booked.reactions, booked.threads) == (6, 3, 1)
    assert len(told) == -(-10 // size)
    assert told[-1] == booked
    await history.audited()
    assert await history.balances() == await booked_at_once(history)


async def booked_at_once(room: Room) -> dict[str, tuple[object, ...]]:
    """Wipe the ledger and book the same history in one batch."""
    async with room.database.write() as connection:
        await connection.execute(salience_entry.delete())
        await connection.execute(topic.delete())
        for table in (message, reaction):
            await connection.execute(table.update().values(booked=False))
        await connection.execute(
            channel.update().where(channel.c.kind == "thread").values(booked=False)
        )
    await room.in_batches_of(1_000).book()
    return await room.balances()


async def test_messages_count_for_the_subjects_that_they_name(history: Room) -> None:
    await history.book()
    async with history.database.write() as connection:
        key = await history.ledger.name_subject(
            connection, 500, "soup", [5], at(10), batch="01TESTTESTTESTTESTTESTTEST"
        )
    assert key is not None
    before = (await history.balances())[str(key)][0]
    async with history.database.write() as connection:
        await connection.execute(
            message.update()
            .where(message.c.id == 6)
            .values(booked=False, content="More SOUP, please")
        )

    await history.book()

    assert (await history.balances())[str(key)][0] > before
