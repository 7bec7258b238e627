"""The ledger on both databases: booking, decay, spending, material and subjects."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event, func, select
from tests.salience.conftest import Community
from tests.salience.made import (
    ANN,
    BEN,
    BOT,
    CHANNEL,
    SERVER,
    START,
    after,
    consenting,
    micro,
    reacted,
    said,
)

from zos.core.errors import NotFoundError
from zos.core.ids import new_ulid
from zos.core.topics import TopicKey
from zos.db.tables import salience_entry, subject_mention
from zos.salience.earning import Activity
from zos.salience.model import Booked, EntryKind

ANN_HERE = TopicKey.user(ANN, SERVER)
PAIR = TopicKey.dyad(ANN, BEN, SERVER)


async def _kinds(community: Community, key: TopicKey) -> dict[EntryKind, float]:
    entries = await community.ledger.entries(key)
    return {one.kind: one.amount_micro / 1e6 for one in entries}


async def test_a_batch_writes_one_row_per_topic_and_kind(community: Community) -> None:
    booked = await community.book(
        *(said(ANN, at=after(seconds=second), id=second) for second in range(1, 6))
    )
    assert booked == Booked(activities=5, topics_created=4, topics_changed=4, entries=4)
    (entry,) = await community.ledger.entries(ANN_HERE)
    assert (entry.kind, entry.amount_micro) == (EntryKind.MESSAGE, micro(5.0))
    assert entry.at == after(seconds=5)
    assert (await community.topic(ANN_HERE)).new_material == 5


async def test_an_empty_batch_is_nothing(community: Community) -> None:
    assert await community.book() == Booked(0, 0, 0, 0)


async def test_a_later_batch_goes_on_from_what_is_stored(community: Community) -> None:
    await community.book(said(BEN, reply_to_author_id=ANN))
    booked = await community.book(said(ANN, at=after(hours=1), id=2))
    assert booked.topics_created == 3  # Ann: in the server, in the channel, anywhere
    assert await _kinds(community, PAIR) == {EntryKind.REPLY: 1.5, EntryKind.PROPAGATED: 0.3}
    pair = await community.topic(PAIR)
    assert (pair.last_activity_at, pair.new_material) == (START, 1)
    assert await community.ledger.audit() == []


async def test_the_member_table_says_who_is_a_bot(community: Community) -> None:
    await community.add_members(BOT, is_bot=True)
    await community.add_members(ANN)
    await community.book(
        said(BOT, mention_ids=(ANN,)),
        said(ANN, reply_to_author_id=BOT, mention_ids=(BOT,), id=2),
        reacted(ANN, BOT),
    )
    keys = {str(one.key) for one in await community.ledger.top(limit=50)}
    assert keys == {
        "server:10:channel:100",
        "server:10:user:1",
        "server:10:user_in_channel:100:1",
        "user:1",
    }


async def test_naming_the_agent_wakes_its_self_topics(community: Community) -> None:
    await community.book(said(ANN, mention_ids=(BOT,)), agent_id=BOT)
    assert await community.points(TopicKey.self_topic(SERVER)) == 5.0
    assert await community.points(TopicKey.self_topic()) == 5.0
    assert (await community.topic(TopicKey.self_topic())).new_material == 0


async def test_consent_taken_back_ends_sharing_too(community: Community) -> None:
    await community.book(said(BEN, reply_to_author_id=ANN))
    await community.book(said(ANN, at=after(hours=1), id=2), consent=consenting(ANN))
    assert await community.points(PAIR) == 1.5


async def test_direct_messages_reach_the_member_in_servers(community: Community) -> None:
    await community.book(said(ANN), said(ANN, id=2, at=after(seconds=1)))
    await community.book(said(ANN, server_id=None, channel_id=7, id=3, at=after(hours=1)))
    assert await community.points(ANN_HERE) == 2.45
    assert await community.points(TopicKey.user(ANN)) == 3.5


async def test_messages_are_linked_to_the_subjects_they_name(community: Community) -> None:
    await community.add_members(ANN)
    await community.add_messages([1, 2])
    await community.book(
        said(ANN, subject_names=("rye",)),
        said(ANN, id=2, subject_names=("rye", "oats"), at=after(seconds=1)),
    )
    rye = TopicKey.subject(SERVER, "rye")
    assert (await community.topic(rye)).new_material == 2
    async with community.db.read() as connection:
        links = (await connection.execute(select(subject_mention))).all()
        assert set(links) == {(str(rye), 1), (str(rye), 2), ("server:10:subject:oats", 2)}
        names = await community.ledger.subject_names(connection, [SERVER, 20])
    assert names == {SERVER: {"rye", "oats"}}


async def test_a_batch_takes_few_statements_whatever_its_size(community: Community) -> None:
    def spoken(count: int, day: int) -> list[Activity]:
        return [
            said(
                ANN + number % 40,
                at=after(days=day, seconds=number),
                id=day * 10_000 + number,
                reply_to_author_id=ANN + number % 7,
            )
            for number in range(count)
        ]

    async def statements(count: int, day: int) -> int:
        seen = []
        async with community.db.write() as connection:
            engine = connection.sync_engine
            event.listen(engine, "before_cursor_execute", lambda *facts: seen.append(facts[2]))
            await community.ledger.book(
                connection, spoken(count, day), consenting(*range(60)), batch=new_ulid(START)
            )
        return len(seen)

    assert await statements(20, 1) <= 11
    assert await statements(2_000, 2) <= 11


async def test_silence_decays_and_says_so_in_the_ledger(community: Community) -> None:
    await community.book(said(ANN))
    assert await community.ledger.decay(after(days=7, hours=23)) == 0
    assert await community.ledger.decay(after(days=10)) == 4
    assert await community.points(ANN_HERE) == pytest.approx(0.99**3, abs=1e-6)
    (decay, _) = await community.ledger.entries(ANN_HERE)
    assert (decay.kind, decay.at) == (EntryKind.DECAY, after(days=10))
    assert await community.ledger.audit() == []


async def test_an_event_that_comes_after_a_later_decay_is_booked_at_its_own_time(
    community: Community,
) -> None:
    await community.book(said(ANN))
    await community.ledger.decay(after(days=30))
    await community.book(said(ANN, at=after(days=6), id=2))
    assert await community.points(ANN_HERE) == 2.0
    assert await community.ledger.audit() == []


async def test_spending_pays_and_records_the_reflection(community: Community) -> None:
    await community.book(*(said(ANN, id=one, at=after(seconds=one)) for one in range(1, 31)))
    result = await community.spend(ANN_HERE, 4_000, at=after(hours=9), run_id="run-1", insights=2)
    assert (result.spent_micro, result.retained_micro) == (micro(4.0), micro(6.0))
    topic = await community.topic(ANN_HERE)
    assert topic.balance_micro == micro(6.0)
    assert (topic.new_material, topic.insight_count) == (0, 2)
    assert topic.last_reflected_at == after(hours=9)
    newest = await community.ledger.entries(ANN_HERE, limit=3)
    assert {(one.kind, one.run_id) for one in newest} == {
        (EntryKind.SPENT, "run-1"),
        (EntryKind.RESET, "run-1"),
        (EntryKind.RETAINED, "run-1"),
    }
    assert await community.ledger.audit() == []


async def test_a_topic_that_does_not_exist_cannot_spend(community: Community) -> None:
    with pytest.raises(NotFoundError, match="There is no topic server:10:user:1"):
        await community.spend(ANN_HERE, 1_000)


async def test_a_reflection_that_had_nothing_to_say_costs_nothing_but_has_seen_the_material(
    community: Community,
) -> None:
    await community.book(said(ANN))
    async with community.db.write() as connection:
        await community.ledger.mark_seen(connection, ANN_HERE, after(hours=1))
    topic = await community.topic(ANN_HERE)
    assert (topic.balance_micro, topic.new_material, topic.insight_count) == (micro(1.0), 0, 0)
    assert topic.last_reflected_at == after(hours=1)


async def test_material_can_be_added_without_salience_and_makes_the_topic(
    community: Community,
) -> None:
    everywhere = TopicKey.user(ANN)
    for units in (2, 1):
        async with community.db.write() as connection:
            await community.ledger.add_material(connection, everywhere, units, START)
    topic = await community.topic(everywhere)
    assert (topic.new_material, topic.balance_micro) == (3, 0)
    assert topic.created_at == topic.last_activity_at == START
    assert await community.ledger.entries(everywhere) == []


async def test_a_named_subject_earns_once_for_each_message(community: Community) -> None:
    await community.add_members(ANN)
    await community.add_messages([1, 2, 3])

    async def name(*ids: int) -> TopicKey | None:
        async with community.db.write() as connection:
            return await community.ledger.name_subject(
                connection, SERVER, "Rye  Bread", ids, START, batch=new_ulid(START)
            )

    key = TopicKey.subject(SERVER, "rye-bread")
    assert await name(1, 2, 99) == key
    assert await community.points(key) == 2.0
    assert await name(2, 3) == key
    assert await community.points(key) == 3.0
    assert await name(1, 2, 3) == key
    assert await community.points(key) == 3.0
    assert (await community.topic(key)).new_material == 3


async def test_what_cannot_be_a_subject_is_none(community: Community) -> None:
    await community.add_members(ANN)
    await community.add_messages([1], server_id=20)
    async with community.db.write() as connection:
        nameless = await community.ledger.name_subject(
            connection, 20, "!!!", [1], START, batch=new_ulid(START)
        )
        elsewhere = await community.ledger.name_subject(
            connection, SERVER, "rye", [1, 2], START, batch=new_ulid(START)
        )
    assert nameless is elsewhere is None
    assert await community.ledger.top() == []


async def test_two_writers_at_once_lose_nothing(community: Community) -> None:
    async def chatter(member: int) -> None:
        for number in range(10):
            at = after(seconds=number)
            await community.book(said(member, id=member * 100 + number, at=at))

    await asyncio.gather(*(chatter(member) for member in range(1, 6)))
    assert await community.points(TopicKey.channel(SERVER, CHANNEL)) == 50.0
    assert (await community.topic(TopicKey.channel(SERVER, CHANNEL))).new_material == 50
    assert await community.ledger.audit() == []


async def test_top_is_ordered_and_can_be_narrowed(community: Community) -> None:
    await community.book(
        said(ANN), said(ANN, id=2), said(BEN, id=3), said(ANN, id=4, server_id=20, channel_id=200)
    )
    everything = await community.ledger.top()
    assert [one.balance_micro for one in everything] == sorted(
        (one.balance_micro for one in everything), reverse=True
    )
    (first,) = await community.ledger.top(limit=1)
    assert first.key in (TopicKey.channel(SERVER, CHANNEL), TopicKey.user(ANN))
    users = await community.ledger.top(category=ANN_HERE.category, server_id=20)
    assert [one.key for one in users] == [TopicKey.user(ANN, 20)]


async def test_entries_are_paged_newest_first(community: Community) -> None:
    for number in range(1, 6):
        await community.book(said(ANN, id=number, at=after(seconds=number)))
    newest = await community.ledger.entries(ANN_HERE, limit=2)
    older = await community.ledger.entries(ANN_HERE, limit=9, before_id=newest[-1].id)
    assert [one.at for one in (*newest, *older)] == [after(seconds=one) for one in range(5, 0, -1)]


async def test_the_audit_finds_a_balance_that_nothing_explains(community: Community) -> None:
    await community.book(said(ANN))
    async with community.db.write() as connection:
        doctored = await connection.scalar(
            select(func.min(salience_entry.c.id)).select_from(salience_entry)
        )
        await connection.execute(
            salience_entry.update().where(salience_entry.c.id == doctored).values(amount=5)
        )
    (mismatch,) = await community.ledger.audit()
    assert (mismatch.balance_micro, mismatch.ledger_micro) == (micro(1.0), 5)
