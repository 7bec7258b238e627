from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError
from tests.insights.conftest import World
from tests.observe.conftest import Room
from tests.observe.exports import CHANNEL, SERVER, START

from zos.core.consent import ConsentState
from zos.core.topics import TopicKey
from zos.db.tables import (
    channel,
    emoji_use,
    insight,
    insight_source,
    member,
    member_role,
    mention,
    message,
    message_deletion,
    reaction,
    salience_entry,
    server,
    topic,
)
from zos.insights.model import InsightStatus
from zos.observe.community.store import agent_id
from zos.observe.events import (
    AgentSeen,
    Author,
    ChannelKind,
    ChannelSeen,
    Emoji,
    Event,
    MemberUpdated,
    MessageCreated,
    MessageEdited,
    MessagesDeleted,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
    ReactionsCounted,
    ServerLeft,
    ServerSeen,
)
from zos.observe.recorder import Recorded

ADA, BEN, CLEO = Author(11, "ada", "Ada"), Author(12, "ben", "Ben"), Author(13, "cleo", "Cleo")
THUMB, SOUP = Emoji("👍"), Emoji("soup", 801)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def wrote(number: int, author: Author = ADA, text: str = "", **extra: object) -> MessageCreated:
    made = MessageCreated(number, SERVER, CHANNEL, author, at(number), text or f"message {number}")
    return replace(made, **extra)  # type: ignore[arg-type]


def liked(
    number: int, who: Author = BEN, minute: float = 30, emoji: Emoji = THUMB
) -> ReactionAdded:
    return ReactionAdded(number, SERVER, emoji, who, at(minute))


async def test_a_message_is_stored_and_booked_at_once(room: Room) -> None:
    await room.consent(11)

    recorded = await room.record(wrote(1))

    assert (recorded.messages, recorded.known) == (1, 0)
    assert recorded.entries > 0
    assert await room.rows(message, "id", "author_id", "booked") == [(1, 11, True)]
    assert str(TopicKey.user(11, SERVER)) in await room.balances()
    await room.audited()


async def test_the_same_events_twice_change_nothing(room: Room) -> None:
    await room.consent(11, 12)
    events: list[Event] = [
        ServerSeen(SERVER, "The Server", at(0)),
        ChannelSeen(CHANNEL, SERVER, "general", ChannelKind.TEXT, at(0)),
        ChannelSeen(700, SERVER, "t", ChannelKind.THREAD, at(1), CHANNEL, "", at(1), 11),
        wrote(1),
        wrote(2, BEN, "<:soup:801>", reply_to_id=1, mentions=(ADA,)),
        MessageEdited(2, SERVER, "newer", at(9)),
        liked(1),
        ReactionRemoved(1, THUMB, 12, at(40)),
        liked(1, minute=50),
        liked(2, ADA, emoji=SOUP),
        ReactionsCleared(2, at(60)),
        wrote(3),
        MessagesDeleted((3,), at(70)),
    ]
    await room.record(*events)
    before = await room.everything()

    again = await room.record(*events)

    assert (again.messages, again.reactions, again.threads, again.edited, again.deleted) == (0,) * 5
    after = await room.everything()
    assert after == before


async def test_an_event_without_its_server_and_channel_makes_room_for_them(room: Room) -> None:
    await room.record(wrote(1))

    assert await room.rows(server, "id", "name") == [(SERVER, "500")]
    assert await room.rows(channel, "id", "name") == [(CHANNEL, "600")]

    await room.record(
        ServerSeen(SERVER, "Named", at(1), joined_at=at(0)),
        ChannelSeen(CHANNEL, SERVER, "general", ChannelKind.TEXT, at(1)),
    )

    assert await room.rows(server, "name", "joined_at") == [("Named", at(0))]
    assert await room.rows(channel, "name") == [("general",)]


async def test_an_older_name_does_not_replace_a_newer_one(room: Room) -> None:
    await room.record(
        ServerSeen(SERVER, "New", at(9)),
        MemberUpdated(replace(ADA, display_name="New", role_ids=(71,)), SERVER, at(9)),
    )

    await room.record(
        ServerSeen(SERVER, "Old", at(5)),
        MemberUpdated(replace(ADA, display_name="Old", role_ids=()), SERVER, at(5)),
    )

    assert await room.rows(server, "name") == [("New",)]
    assert await room.rows(member, "display_name") == [("New",)]
    assert await room.rows(member_role) == [(11, SERVER, 71)]


async def test_of_two_names_at_one_moment_the_first_stands(room: Room) -> None:
    first, second = replace(ADA, display_name="First"), replace(ADA, display_name="Second")

    await room.record(MemberUpdated(first, SERVER, at(5)), MemberUpdated(second, SERVER, at(5)))
    await room.record(MemberUpdated(second, SERVER, at(5)))

    assert await room.rows(member, "display_name") == [("First",)]


async def test_roles_are_kept_apart_by_server(room: Room) -> None:
    await room.record(
        MemberUpdated(replace(ADA, role_ids=(72, 71)), SERVER, at(1)),
        MemberUpdated(replace(ADA, role_ids=(91,)), 501, at(2)),
        MemberUpdated(replace(ADA, role_ids=(73,)), SERVER, at(3)),
        wrote(4),
    )

    assert await room.rows(member_role) == [(11, SERVER, 73), (11, 501, 91)]


async def test_a_server_that_was_left_is_remembered_until_it_is_joined_again(room: Room) -> None:
    await room.record(ServerSeen(SERVER, "S", at(0), joined_at=at(0)), ServerLeft(SERVER, at(5)))
    assert await room.rows(server, "left_at") == [(at(5),)]

    await room.record(ServerSeen(SERVER, "S", at(6)))
    assert await room.rows(server, "left_at") == [(at(5),)]

    await room.record(ServerSeen(SERVER, "S", at(7), joined_at=at(7)))
    assert await room.rows(server, "left_at") == [(None,)]


async def test_an_edit_replaces_the_text_and_what_it_refers_to(room: Room) -> None:
    await room.record(wrote(1, text="<:soup:801> hi", mentions=(BEN,)))

    recorded = await room.record(
        MessageEdited(1, SERVER, "see https://example.org", at(5), mentions=(CLEO,)),
        MessageEdited(99, SERVER, "unknown", at(5)),
    )

    assert recorded.edited == 1
    assert await room.rows(message, "content", "edited_at", "has_media") == [
        ("see https://example.org", at(5), True)
    ]
    assert await room.rows(mention) == [(1, 13)]
    assert await room.rows(emoji_use) == []


async def test_the_newest_edit_stands_in_any_order(room: Room) -> None:
    await room.record(wrote(1), MessageEdited(1, SERVER, "third", at(9)))

    recorded = await room.record(MessageEdited(1, SERVER, "second", at(5)))

    assert recorded.edited == 0
    assert await room.rows(message, "content") == [("third",)]


async def test_a_deleted_message_is_gone_with_all_that_hung_on_it(room: Room) -> None:
    await room.record(wrote(1, text="<:soup:801>", mentions=(BEN,)), liked(1), wrote(2))

    recorded = await room.record(MessagesDeleted((1, 99), at(40)))

    assert recorded.deleted == 1
    assert await room.rows(message, "id") == [(2,)]
    for table in (mention, emoji_use, reaction):
        assert await room.rows(table) == []
    assert await room.rows(message_deletion) == [(1, at(40)), (99, at(40))]
    await room.audited()


async def test_a_deleted_message_does_not_come_back(room: Room) -> None:
    await room.record(wrote(1), MessagesDeleted((1,), at(5)))

    recorded = await room.record(wrote(1), MessagesDeleted((2,), at(6)), wrote(2))

    assert (recorded.messages, recorded.refused) == (0, 1)
    assert await room.rows(message) == []


async def test_insights_on_deleted_messages_are_marked(room: Room) -> None:
    await room.record(wrote(1), wrote(2))
    await store_insight(room, "A", 1)
    await store_insight(room, "B", 2)

    recorded = await room.record(MessagesDeleted((1,), at(40)))

    assert recorded.marked == 1
    assert await room.rows(insight, "id", "status") == [
        ("A", InsightStatus.REVIEW),
        ("B", InsightStatus.ACTIVE),
    ]


async def store_insight(room: Room, name: str, message_id: int) -> None:
    row = {
        "id": name,
        "topic_key": "self:zos",
        "category": "self",
        "layer": "x",
        "run_id": "R",
        "target_id": "T",
        "created_at": at(0),
        "content": "c",
        "method": "model",
        **dict.fromkeys(("confidence", "importance", "novelty", "strength"), 1.0),
        "open_questions": [],
        "scope": "public",
        "status": "active",
        "conflicts_with": [],
    }
    async with room.database.write() as connection:
        await connection.execute(insert(insight), row)
        source = {"insight_id": name, "line": 0, "message_id": message_id}
        await connection.execute(insert(insight_source), source)


async def test_a_reply_earns_for_the_pair_that_the_store_knows(room: Room) -> None:
    await room.consent(11, 12)
    await room.record(wrote(1))

    await room.record(wrote(2, BEN, reply_to_id=1))

    assert await room.rows(message, "id", "reply_to_author_id") == [(1, None), (2, 11)]
    assert str(TopicKey.dyad(11, 12, SERVER)) in await room.balances()


async def test_the_payload_says_whom_a_reply_answers_where_the_store_does_not(room: Room) -> None:
    await room.record(wrote(2, BEN, reply_to_id=1, reply_to_author_id=13))

    assert await room.rows(message, "reply_to_author_id") == [(13,)]


async def test_a_reaction_is_stored_once_and_earns_once(room: Room) -> None:
    await room.consent(11, 12)
    await room.record(wrote(1), liked(1, minute=30))
    before = await room.balances()

    recorded = await room.record(
        ReactionRemoved(1, THUMB, 12, at(40)), liked(1, minute=50), liked(99)
    )

    assert recorded.reactions == 0
    columns = ("member_id", "reacted_at", "removed_at", "booked")
    assert await room.rows(reaction, *columns) == [(12, at(50), None, True)]
    assert await room.balances() == before


async def test_a_reaction_that_is_taken_back_is_kept_aside(room: Room) -> None:
    await room.record(wrote(1), liked(1), liked(1, CLEO))

    await room.record(ReactionRemoved(1, THUMB, 12, at(40)))

    assert await room.rows(reaction, "member_id", "removed_at") == [(12, at(40)), (13, None)]


async def test_a_late_echo_of_a_reaction_changes_nothing(room: Room) -> None:
    await room.record(wrote(1), liked(1, minute=30), ReactionRemoved(1, THUMB, 12, at(40)))

    await room.record(liked(1, minute=30), ReactionRemoved(1, SOUP, 12, at(41)))

    assert await room.rows(reaction, "removed_at") == [(at(40),)]


async def test_clearing_takes_all_reactions_or_those_with_one_emoji(room: Room) -> None:
    await room.record(wrote(1), liked(1), liked(1, CLEO), liked(1, emoji=SOUP), wrote(2), liked(2))

    await room.record(ReactionsCleared(1, at(40), THUMB), liked(1, ADA, minute=41))
    shown = await room.rows(reaction, "message_id", "emoji", "member_id", "removed_at")
    assert {row[:3] for row in shown if row[3] is None} == {
        (1, "👍", 11),
        (1, "801", 12),
        (2, "👍", 12),
    }

    await room.record(ReactionsCleared(1, at(50)))
    shown = await room.rows(reaction, "message_id", "emoji", "removed_at")
    assert [row[:2] for row in shown if row[2] is None] == [(2, "👍")]


async def test_counted_reactions_earn_without_naming_anyone(room: Room) -> None:
    await room.consent(11)

    recorded = await room.record(wrote(1), ReactionsCounted(1, SOUP, 3, at(1)))

    assert recorded.reactions == 1
    assert str(TopicKey.emoji(SERVER, 801)) in await room.balances()
    assert (await room.record(ReactionsCounted(1, SOUP, 4, at(2)))).reactions == 0


async def test_a_thread_is_booked_once_when_its_creation_is_known(room: Room) -> None:
    await room.consent(11)
    await room.record(wrote(1, channel_id=700))

    thread = ChannelSeen(700, SERVER, "t", ChannelKind.THREAD, at(2), parent_id=CHANNEL)
    assert (await room.record(thread)).threads == 0
    known = replace(thread, at=at(3), created_at=at(0), creator_id=11)
    assert (await room.record(known)).threads == 1
    assert (await room.record(replace(known, at=at(4), name="renamed"))).threads == 0

    columns = ("name", "kind", "parent_id", "created_at", "creator_id", "booked")
    assert (await room.rows(channel, *columns))[-1] == (
        "renamed",
        "thread",
        CHANNEL,
        at(0),
        11,
        True,
    )


async def test_history_that_was_imported_is_left_to_the_booker(room: Room) -> None:
    thread = ChannelSeen(700, SERVER, "t", ChannelKind.THREAD, at(2), CHANNEL, "", at(0), 11)
    await room.record(wrote(1))
    async with room.database.write() as connection:
        await connection.execute(message.update().values(booked=False))
        row = {"id": 700, "server_id": SERVER, "name": "t", "kind": "thread", "booked": False}
        await connection.execute(insert(channel), row | {"created_at": at(0), "creator_id": 11})
    before = len(await room.rows(salience_entry))

    recorded = await room.record(wrote(1), thread)

    assert (recorded.known, recorded.threads) == (1, 0)
    assert len(await room.rows(salience_entry)) == before
    assert await room.rows(message, "booked") == [(False,)]


async def test_nothing_of_an_erased_member_comes_in(room: Room) -> None:
    await room.record(wrote(1, BEN))
    await room.erase(11)

    recorded = await room.record(
        wrote(2, ADA),
        wrote(3, BEN, mentions=(ADA,), reply_to_id=2, reply_to_author_id=11),
        liked(1, ADA),
        MemberUpdated(ADA, SERVER, at(9)),
    )

    assert (recorded.messages, recorded.refused, recorded.reactions) == (1, 1, 0)
    assert await room.rows(member, "id") == [(12,)]
    assert await room.rows(mention) == []
    assert await room.rows(message, "id", "reply_to_author_id") == [(1, None), (3, None)]


async def test_direct_messages_come_in_only_with_consent_and_stay_direct(room: Room) -> None:
    await room.consent(11)
    await room.consent(13, state=ConsentState.DENIED)
    bot = Author(19, "bot", "Bot", is_bot=True)

    recorded = await room.record(
        *(
            wrote(n, who, server_id=None, channel_id=650)
            for n, who in enumerate((ADA, BEN, CLEO, bot), start=1)
        )
    )

    assert (recorded.messages, recorded.awaiting_consent, recorded.refused) == (2, 2, 0)
    assert await room.rows(message, "id", "scope") == [(1, "dm"), (4, "dm")]
    assert await room.rows(channel, "server_id", "kind") == [(None, "dm")]
    assert await room.rows(topic, "key") == [("user:11",)]


async def test_without_consent_only_the_space_earns(room: Room) -> None:
    await room.record(
        wrote(1),
        wrote(2, BEN, mentions=(ADA,), reply_to_id=1),
        liked(1),
    )

    keys = set(await room.balances())
    assert keys == {str(TopicKey.channel(SERVER, CHANNEL))}


async def test_naming_the_agent_earns_for_itself(room: Room) -> None:
    agent = Author(19, "zos", "Zos", is_bot=True)
    await room.consent(11)
    await room.record(AgentSeen(Author(18, "old", "Old", is_bot=True), at(0)))
    await room.record(AgentSeen(agent, at(0)))

    await room.record(wrote(1, mentions=(agent,)))

    assert "self:zos" in await room.balances()
    async with room.database.read() as connection:
        assert await agent_id(connection) == 19
    assert await room.rows(member, "id", "is_agent") == [(11, False), (18, False), (19, True)]


async def test_an_error_leaves_nothing_of_the_batch(room: Room) -> None:
    before = await room.everything()
    impossible = wrote(2, author=Author(2**70, "x", "X"))

    with pytest.raises((OverflowError, DBAPIError)):
        await room.record(wrote(1), impossible)

    assert await room.everything() == before


async def test_a_long_sequence_is_split_into_transactions(room: Room) -> None:
    recorded = await room.in_batches_of(10).record(*(wrote(n) for n in range(1, 26)))

    assert recorded.messages == 25
    async with room.database.read() as connection:
        batches = (await connection.execute(select(salience_entry.c.batch).distinct())).all()
    assert len(batches) == 3


async def test_the_number_of_statements_does_not_grow_with_the_batch(room: Room) -> None:
    await room.consent(*range(11, 60))

    async def statements(start: int, count: int) -> int:
        seen = 0

        def note(*_args: object) -> None:
            nonlocal seen
            seen += 1

        engine = room.database._writer.sync_engine  # type: ignore[union-attr]
        sqlalchemy_event.listen(engine, "before_cursor_execute", note)
        people = [Author(11 + n % 40, f"u{n}", f"U{n}") for n in range(count)]
        events = [wrote(start + n, who, mentions=(ADA,)) for n, who in enumerate(people)]
        likes = [liked(start + n, BEN) for n in range(count)]
        await room.record(*events, *likes)
        sqlalchemy_event.remove(engine, "before_cursor_execute", note)
        return seen

    few = await statements(1_000, 4)
    many = await statements(2_000, 400)

    assert many <= few + 3


async def test_nothing_is_done_for_no_events(room: Room) -> None:
    assert await room.record() == Recorded()


async def test_a_role_that_consents_takes_effect_with_the_event_that_gives_or_takes_it(
    room: Room,
) -> None:
    told = {"consent": "role", "consent_roles": frozenset({55})}
    privacy = room.config.privacy.model_validate({**room.config.privacy.model_dump(), **told})
    room = replace(room, config=room.config.model_copy(update={"privacy": privacy}))
    holder = replace(ADA, role_ids=(55,))
    await room.record(wrote(1, holder), MemberUpdated(holder, SERVER, at(1)))
    about = await World(room.database).learn(
        "Ada waves", topic=TopicKey.user(ADA.id, SERVER), message_ids=[1]
    )

    async def status() -> list[tuple[object, ...]]:
        return await room.rows(insight, "id", "status")

    await room.record(MemberUpdated(replace(ADA, role_ids=()), SERVER, at(2)))
    assert await status() == [(about, InsightStatus.QUARANTINED.value)]
    await room.record(MemberUpdated(holder, SERVER, at(3)))
    assert await status() == [(about, InsightStatus.ACTIVE.value)]
