"""Payloads as events: what Discord documents, what it leaves out, and what is not a payload at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.fakes.discord.world import CATEGORY, HALL, ROOM, SERVER, World

from zos.bot.mapping import PayloadError, said, to_events
from zos.bot.watch import Watch
from zos.config.model import DiscordConfig
from zos.observe.events import ChannelSeen, Emoji, Event, MessageCreated, ServerLeft, ServerSeen

NOW = datetime(2026, 3, 3, tzinfo=UTC)


@pytest.fixture
def told() -> list[tuple[str, dict[str, Any]]]:
    return []


@pytest.fixture
def world(told: list[tuple[str, dict[str, Any]]]) -> World:
    return World(dispatch=lambda kind, data: told.append((kind, data)))


def last(told: list[tuple[str, dict[str, Any]]]) -> list[Event]:
    return to_events(*told[-1], NOW)


def test_a_message_tells_who_wrote_what_to_whom(world: World, told: Any) -> None:
    first = world.say(11, "hello")
    second = world.say(12, "hi", reply_to=first, mentions=[11], mention_roles=["500"])
    [message] = last(told)
    assert isinstance(message, MessageCreated)
    assert (message.id, message.server_id, message.channel_id) == (second, SERVER, ROOM)
    assert (message.author.name, message.author.display_name) == ("ben", "Ben")
    assert (message.author.role_ids, message.author.global_name) == ((), "Ben")
    assert (message.reply_to_id, message.reply_to_author_id) == (first, 11)
    assert [one.id for one in message.mentions] == [11]
    assert message.role_ids == (500,)


@pytest.mark.parametrize(
    ("kind", "kept"), [(0, 1), (19, 1), (20, 1), (23, 1), (6, 0), (7, 0), (21, 0)]
)
def test_discords_own_notices_are_no_messages(
    world: World, told: Any, kind: int, kept: int
) -> None:
    number = world.say(11, "words", type=kind)
    assert len(last(told)) == kept
    world.edit(number, "other words")
    assert len(last(told)) == kept


def test_a_forward_answers_nobody(world: World, told: Any) -> None:
    world.say(11, "", message_reference={"type": 1, "message_id": "5", "channel_id": "6"})
    [message] = last(told)
    assert isinstance(message, MessageCreated)
    assert message.reply_to_id is None


def test_a_webhook_is_a_bot_without_roles(world: World, told: Any) -> None:
    world.say(11, "news", webhook_id="900")
    [message] = last(told)
    assert isinstance(message, MessageCreated)
    assert (message.author.is_bot, message.author.role_ids) == (True, None)


def test_a_history_does_not_say_its_server(world: World) -> None:
    number = world.say(11, "hello")
    message = said(world.shown(number), SERVER)
    assert message is not None
    assert (message.server_id, message.author.role_ids) == (SERVER, None)


def test_a_server_shows_its_places_and_the_threads_opened_since_zos_joined(world: World) -> None:
    thread = world.open_thread(11, "plans")
    world.joined_at = datetime(2026, 1, 1, tzinfo=UTC)
    events = to_events("GUILD_CREATE", world.server(), NOW)
    assert isinstance(events[0], ServerSeen)
    places = {one.id: one for one in events[1:] if isinstance(one, ChannelSeen)}
    assert places.keys() == {ROOM, HALL, thread}
    assert (places[thread].parent_id, places[thread].creator_id) == (ROOM, 11)
    world.joined_at = datetime(2026, 5, 1, tzinfo=UTC)
    assert to_events("GUILD_CREATE", world.server(), NOW)[-1] == ChannelSeen(
        thread, SERVER, "plans", places[thread].kind, NOW, ROOM
    )


def test_a_list_of_threads_shows_each(world: World) -> None:
    thread = world.open_thread(11, "plans")
    data = {"guild_id": str(SERVER), "threads": [world.threads[thread]]}
    [seen] = to_events("THREAD_LIST_SYNC", data, NOW)
    assert isinstance(seen, ChannelSeen)
    assert seen.id == thread


def test_only_a_server_that_is_left_is_left() -> None:
    assert to_events("GUILD_DELETE", {"id": "9"}, NOW) == [ServerLeft(9, NOW)]
    assert to_events("GUILD_DELETE", {"id": "9", "unavailable": True}, NOW) == []
    assert to_events("GUILD_CREATE", {"id": "9", "unavailable": True}, NOW) == []
    assert to_events("GUILD_UPDATE", {"id": "9", "name": "new"}, NOW) == [ServerSeen(9, "new", NOW)]


def test_members_come_change_and_go(world: World, told: Any) -> None:
    world.join(21, "dora", 500)
    [came] = last(told)
    chunk = {"guild_id": str(SERVER), "members": [world.members[21]]}
    assert to_events("GUILD_MEMBERS_CHUNK", chunk, NOW) == [came]
    gone = {"guild_id": str(SERVER), "user": world.members[21]["user"]}
    [left] = to_events("GUILD_MEMBER_REMOVE", gone, NOW)
    assert (came.member.role_ids, left.member.role_ids) == ((500,), ())  # type: ignore[union-attr]


def test_a_reaction_in_a_direct_message_does_not_say_the_name() -> None:
    data = {
        "message_id": "5",
        "channel_id": "6",
        "user_id": "7",
        "emoji": {"id": "8", "name": None},
    }
    [given] = to_events("MESSAGE_REACTION_ADD", data, NOW)
    assert (given.member.name, given.emoji) == ("", Emoji("", 8))  # type: ignore[union-attr]


def test_what_is_not_observed_is_nothing() -> None:
    assert to_events("TYPING_START", {"any": "thing"}, NOW) == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("MESSAGE_DELETE", {"id": "0"}),
        ("MESSAGE_DELETE", {"id": str(2**63)}),
        ("MESSAGE_DELETE", {"id": 1.5}),
        ("MESSAGE_DELETE_BULK", {"ids": None}),
        ("GUILD_CREATE", []),
        ("MESSAGE_CREATE", {"type": 0, "id": "5", "channel_id": "6", "author": {"id": "7"}}),
        ("MESSAGE_CREATE", "words"),
    ],
)
def test_what_is_not_as_documented_is_refused_by_name(kind: str, data: Any) -> None:
    with pytest.raises(PayloadError, match=kind):
        to_events(kind, data, NOW)


def test_a_time_without_a_zone_is_refused(world: World, told: Any) -> None:
    world.say(11, "words", timestamp="2026-03-02T12:00:00")
    with pytest.raises(PayloadError):
        last(told)


@pytest.mark.parametrize(
    ("allow", "deny", "observed"),
    [
        ((), (), (ROOM, HALL, 5)),
        ((ROOM,), (), (ROOM, 5)),
        ((CATEGORY,), (HALL,), (ROOM, 5)),
        ((5,), (), (5,)),
        ((), (CATEGORY,), ()),
        ((ROOM,), (5,), (ROOM,)),
    ],
)
def test_what_is_said_of_the_outer_place_holds_for_the_inner(
    allow: tuple[int, ...], deny: tuple[int, ...], observed: tuple[int, ...]
) -> None:
    watch = Watch(DiscordConfig(allow_channels=frozenset(allow), deny_channels=frozenset(deny)))
    inside = [(ROOM, CATEGORY), (HALL, CATEGORY), (5, ROOM)]
    watch.learn([{"id": str(one), "parent_id": str(outer)} for one, outer in inside])
    assert tuple(one for one in (ROOM, HALL, 5) if watch.place(one)) == observed


def test_a_denied_role_is_stronger_than_an_allowed_one() -> None:
    watch = Watch(DiscordConfig(allow_roles=frozenset({1}), deny_roles=frozenset({2})))
    assert [watch.member(roles) for roles in ((1,), (1, 2), (), None)] == [
        True,
        False,
        False,
        False,
    ]
