from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.observe.conftest import Room
from tests.observe.exports import CHANNEL, SERVER, START

from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.observe.events import (
    Author,
    ChannelKind,
    ChannelSeen,
    Emoji,
    MessageCreated,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCounted,
)
from zos.observe.store import MessageStore, StoredMessage, StoredReaction

ADA, BEN, CLEO = Author(11, "ada", "Ada"), Author(12, "ben", "Ben"), Author(13, "cleo", "Cleo")
THUMB, SOUP = Emoji("👍"), Emoji("soup", 801)
THREAD, OTHER_SERVER = 700, 501

Ids = Callable[..., Awaitable[list[int]]]


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def wrote(number: int, author: Author = ADA, text: str = "", **extra: object) -> MessageCreated:
    made = MessageCreated(number, SERVER, CHANNEL, author, at(number), text or f"message {number}")
    return replace(made, **extra)  # type: ignore[arg-type]


def liked(number: int, who: Author, minute: float, emoji: Emoji = THUMB) -> ReactionAdded:
    return ReactionAdded(number, SERVER, emoji, who, at(minute))


@pytest.fixture
async def talk(room: Room) -> Room:
    """Nine messages in a channel, a thread, another server and a direct conversation."""
    await room.consent(11, 12, 13)
    await room.record(
        ChannelSeen(CHANNEL, SERVER, "general", ChannelKind.TEXT, at(0)),
        ChannelSeen(THREAD, SERVER, "a thread", ChannelKind.THREAD, at(0), CHANNEL),
        wrote(1, ADA),
        wrote(2, BEN, reply_to_id=1),
        wrote(3, ADA, mentions=(BEN, CLEO)),
        wrote(4, CLEO, "<:soup:801>"),
        wrote(5, BEN, "<@&71>", channel_id=THREAD, mentions=(ADA,)),
        wrote(6, ADA, server_id=OTHER_SERVER, channel_id=601, mentions=(BEN,)),
        wrote(7, ADA, server_id=None, channel_id=650),
        wrote(8, BEN, reply_to_id=3, mentions=(ADA,)),
        wrote(9, CLEO),
        liked(1, BEN, 10),
        liked(4, ADA, 11, SOUP),
        liked(9, BEN, 12, SOUP),
        liked(5, ADA, 13),
        liked(3, CLEO, 14),
        ReactionRemoved(3, THUMB, 13, at(15)),
        ReactionsCounted(2, THUMB, 4, at(2)),
    )
    return room


@pytest.fixture
def ids(talk: Room) -> Ids:
    """The ids of the messages behind a topic."""

    async def read(
        key: TopicKey, after: float | None = None, until: float = 99, limit: int = 99
    ) -> list[int]:
        found = await talk.store.messages_for(
            key, after=None if after is None else at(after), until=at(until), limit=limit
        )
        return [one.id for one in found]

    return read


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (TopicKey.user(11), [1, 3, 6, 7]),
        (TopicKey.user(11, SERVER), [1, 3]),
        (TopicKey.channel(SERVER, CHANNEL), [1, 2, 3, 4, 8, 9]),
        (TopicKey.thread(SERVER, THREAD), [5]),
        (TopicKey.user_in_channel(SERVER, CHANNEL, 12), [2, 8]),
        (TopicKey.dyad(11, 12), [2, 3, 5, 6, 8]),
        (TopicKey.dyad(12, 11, SERVER), [2, 3, 5, 8]),
        (TopicKey.dyad_in_channel(SERVER, CHANNEL, 11, 12), [2, 3, 8]),
        (TopicKey.emoji(SERVER, 801), [4, 9]),
        (TopicKey.role(SERVER, 71), [5]),
        (TopicKey.subject(SERVER, "nothing"), []),
        (TopicKey.self_topic(), []),
    ],
    ids=str,
)
async def test_each_kind_of_topic_has_its_messages(
    ids: Ids, key: TopicKey, expected: list[int]
) -> None:
    assert await ids(key) == expected


async def test_a_subject_has_the_messages_that_were_linked_to_it(talk: Room, ids: Ids) -> None:
    async with talk.database.write() as connection:
        key = await talk.ledger.name_subject(
            connection, SERVER, "Soup", [4, 2], at(20), batch="01TESTTESTTESTTESTTESTTEST"
        )

    assert key is not None
    assert await ids(key) == [2, 4]


async def test_the_window_is_open_at_its_beginning_and_closed_at_its_end(ids: Ids) -> None:
    channel = TopicKey.channel(SERVER, CHANNEL)

    assert await ids(channel, after=2, until=8) == [3, 4, 8]
    assert await ids(channel, after=2, until=7.9) == [3, 4]
    assert await ids(TopicKey.emoji(SERVER, 801), after=11) == [9]
    assert await ids(TopicKey.emoji(SERVER, 801), until=11) == [4]


async def test_the_newest_are_kept_and_told_oldest_first(ids: Ids) -> None:
    assert await ids(TopicKey.channel(SERVER, CHANNEL), limit=2) == [8, 9]
    assert await ids(TopicKey.dyad(11, 12), limit=2) == [6, 8]


async def test_a_reaction_that_was_taken_back_brings_no_message(talk: Room, ids: Ids) -> None:
    await talk.record(ReactionRemoved(9, SOUP, 12, at(20)))

    assert await ids(TopicKey.emoji(SERVER, 801)) == [4]


async def test_no_message_is_read_before_it_was_written(talk: Room, ids: Ids) -> None:
    await talk.record(wrote(20), liked(20, BEN, 19, SOUP))  # two clocks that differ

    assert await ids(TopicKey.emoji(SERVER, 801), until=19.5) == [4, 9]


async def test_an_emoji_has_as_many_messages_as_asked_for_however_many_reacted(
    talk: Room, ids: Ids
) -> None:
    crowd = [Author(number, f"u{number}", f"U{number}") for number in range(30, 40)]
    await talk.record(*(liked(9, who, 12.5, SOUP) for who in crowd))

    assert await ids(TopicKey.emoji(SERVER, 801), limit=2) == [4, 9]


async def test_a_channel_holds_its_threads_where_they_are_no_topics(talk: Room) -> None:
    store = MessageStore(talk.database, threads_as_topics=False)
    channel = TopicKey.channel(SERVER, CHANNEL)

    found = await store.messages_for(channel, after=None, until=at(99), limit=99)

    assert [one.id for one in found] == [1, 2, 3, 4, 5, 8, 9]
    assert [one.channel_name for one in found if one.id == 5] == ["a thread"]


async def test_a_message_comes_with_names_and_references(talk: Room) -> None:
    (found,) = await talk.store.messages_by_id([8, 999])

    assert found == StoredMessage(
        id=8,
        server_id=SERVER,
        channel_id=CHANNEL,
        channel_name="general",
        in_thread=False,
        author_id=12,
        author_name="Ben",
        is_bot=False,
        created_at=at(8),
        content="message 8",
        reply_to_id=3,
        reply_to_author_id=11,
        mention_ids=(11,),
        scope=Scope.PUBLIC,
    )


async def test_a_direct_message_says_so(talk: Room) -> None:
    (found,) = await talk.store.messages_by_id([7])

    assert (found.server_id, found.scope) == (None, Scope.DM)


async def test_many_messages_are_read_by_id(talk: Room) -> None:
    found = await talk.store.messages_by_id(range(40_000))

    assert [one.id for one in found] == list(range(1, 10))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (TopicKey.channel(SERVER, CHANNEL), [(2, None), (1, 12), (4, 11), (9, 12)]),
        (TopicKey.thread(SERVER, THREAD), [(5, 11)]),
        (TopicKey.user(12, SERVER), [(2, None), (1, 12), (9, 12), (5, 11)]),
        (TopicKey.user_in_channel(SERVER, CHANNEL, 11), [(1, 12), (4, 11)]),
        (TopicKey.dyad(11, 12, SERVER), [(1, 12), (5, 11)]),
        (TopicKey.dyad_in_channel(SERVER, CHANNEL, 11, 12), [(1, 12)]),
        (TopicKey.emoji(SERVER, 801), [(4, 11), (9, 12)]),
        (TopicKey.role(SERVER, 71), []),
        (TopicKey.self_topic(), []),
    ],
    ids=str,
)
async def test_each_kind_of_topic_has_its_reactions(
    talk: Room, key: TopicKey, expected: list[tuple[int, int | None]]
) -> None:
    found = await talk.store.reactions_for(key, after=None, until=at(99), limit=99)

    assert [(one.message_id, one.member_id) for one in found] == expected


async def test_reactions_come_with_their_emoji_or_their_number(talk: Room) -> None:
    key = TopicKey.channel(SERVER, CHANNEL)

    found = await talk.store.reactions_for(key, after=None, until=at(11), limit=99)
    newest = await talk.store.reactions_for(key, after=at(2), until=at(99), limit=1)

    assert found[0] == StoredReaction(2, "👍", None, "👍", None, 4, at(2))
    assert found[2] == StoredReaction(4, "801", 801, "soup", 11, 1, at(11))
    assert [one.message_id for one in newest] == [9]


async def test_names_are_those_last_seen(talk: Room) -> None:
    assert await talk.store.members([11, 13, 99]) == {11: "Ada", 13: "Cleo"}
    assert await talk.store.members([]) == {}
    assert await talk.store.channel_name(CHANNEL) == "general"
    assert await talk.store.channel_name(999) is None
