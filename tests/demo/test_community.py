"""The bundled sample community is a sound export: what the demo promises to import is there."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest

DISCORD_EPOCH_MS = 1_420_070_400_000
FIRST_DAY, LAST_DAY = date(2026, 9, 7), date(2026, 9, 27)
SIDE_FILES = {"consent.json", "deletions.json"}
MENTION = re.compile(r"<@!?(\d+)>")
CUSTOM_EMOJI = re.compile(r"<a?:(\w+):(\d+)>")
KNOWN_TYPES = {"Default", "Reply", "GuildMemberJoin", "ChannelPinnedMessage", "ThreadCreated"}

COMMUNITY = files("zos") / "demo" / "community"


def _load(name: str) -> Any:
    return json.loads((COMMUNITY / name).read_text(encoding="utf-8"))


def _created_at(snowflake: str) -> datetime:
    """When Discord would have made this id, to the millisecond."""
    milliseconds = (int(snowflake) >> 22) + DISCORD_EPOCH_MS
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=milliseconds)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", CUSTOM_EMOJI.sub("", text).casefold()))


@pytest.fixture(scope="module")
def exports() -> list[dict[str, Any]]:
    names = sorted(entry.name for entry in COMMUNITY.iterdir() if entry.name.endswith(".json"))
    return [_load(name) for name in names if name not in SIDE_FILES]


@pytest.fixture(scope="module")
def messages(exports: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message for export in exports for message in export["messages"]]


@pytest.fixture(scope="module")
def authors(messages: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {message["author"]["id"]: message["author"] for message in messages}


def _reactions(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    return (reaction for message in messages for reaction in message["reactions"])


def test_every_id_is_unique_in_order_and_carries_its_own_timestamp(
    exports: list[dict[str, Any]], messages: list[dict[str, Any]]
) -> None:
    assert len({message["id"] for message in messages}) == len(messages)
    for export in exports:
        ids = [int(message["id"]) for message in export["messages"]]
        assert ids == sorted(ids)
    for message in messages:
        assert _created_at(message["id"]) == datetime.fromisoformat(message["timestamp"])


def test_the_community_has_the_promised_size(
    exports: list[dict[str, Any]],
    messages: list[dict[str, Any]],
    authors: dict[str, dict[str, Any]],
) -> None:
    assert 1_400 <= len(messages) <= 1_600
    assert all(export["messageCount"] == len(export["messages"]) for export in exports)
    assert Counter(author["isBot"] for author in authors.values()) == {False: 14, True: 1}
    size_bytes = sum(len((COMMUNITY / entry.name).read_bytes()) for entry in COMMUNITY.iterdir())
    assert size_bytes < 1_500_000


def test_all_days_of_three_weeks_are_lively(messages: list[dict[str, Any]]) -> None:
    per_day = Counter(datetime.fromisoformat(m["timestamp"]).date() for m in messages)
    assert (min(per_day), max(per_day)) == (FIRST_DAY, LAST_DAY)
    assert len(per_day) == 21
    assert min(per_day.values()) >= 40


def test_every_export_belongs_to_one_server_and_a_thread_names_its_parent(
    exports: list[dict[str, Any]],
) -> None:
    assert len({export["guild"]["id"] for export in exports}) == 1
    kinds = Counter(export["channel"]["type"] for export in exports)
    assert kinds == {"GuildTextChat": 5, "GuildPublicThread": 2}
    rooms = {e["channel"]["id"]: e["channel"] for e in exports}
    assert len(rooms) == len(exports)
    for room in rooms.values():
        if room["type"] == "GuildPublicThread":
            assert rooms[room["categoryId"]]["name"] == room["category"]


def test_a_reply_points_to_an_earlier_message_where_it_says(
    exports: list[dict[str, Any]], messages: list[dict[str, Any]]
) -> None:
    home = {m["id"]: e["channel"]["id"] for e in exports for m in e["messages"]}
    replies = [message for message in messages if "reference" in message]
    assert len(replies) > 300
    for message in replies:
        reference = message["reference"]
        assert home[reference["messageId"]] == reference["channelId"]
        assert reference["guildId"] == exports[0]["guild"]["id"]
        assert int(reference["messageId"]) < int(message["id"])
    assert all("reference" in message for message in messages if message["type"] == "Reply")


def test_mentions_in_the_text_are_listed_and_known(
    messages: list[dict[str, Any]], authors: dict[str, dict[str, Any]]
) -> None:
    assert sum(bool(message["mentions"]) for message in messages) > 80
    for message in messages:
        listed = [member["id"] for member in message["mentions"]]
        assert list(dict.fromkeys(MENTION.findall(message["content"]))) == listed
        assert set(listed) <= set(authors)


def test_reactions_count_the_known_members_who_gave_them(
    messages: list[dict[str, Any]], authors: dict[str, dict[str, Any]]
) -> None:
    for reaction in _reactions(messages):
        givers = [user["id"] for user in reaction["users"]]
        assert 0 < reaction["count"] == len(givers) == len(set(givers))
        assert set(givers) <= set(authors)


def test_custom_emoji_keep_one_id_in_text_and_reactions(messages: list[dict[str, Any]]) -> None:
    used = {pair for message in messages for pair in CUSTOM_EMOJI.findall(message["content"])}
    given = {
        (reaction["emoji"]["name"], reaction["emoji"]["id"])
        for reaction in _reactions(messages)
        if reaction["emoji"]["id"]
    }
    assert len(given) == 4
    assert used <= given


def test_the_running_joke_grows_from_week_to_week(messages: list[dict[str, Any]]) -> None:
    per_week: Counter[int] = Counter()
    for message in messages:
        week = (datetime.fromisoformat(message["timestamp"]).date() - FIRST_DAY).days // 7
        for reaction in message["reactions"]:
            if reaction["emoji"]["name"] == "barrow":
                per_week[week] += reaction["count"]
    assert 0 < per_week[0] < per_week[1] < per_week[2]


def test_all_but_one_talkative_member_have_consented(
    messages: list[dict[str, Any]], authors: dict[str, dict[str, Any]]
) -> None:
    consent = _load("consent.json")
    assert {entry["consent"] for entry in consent} == {"granted"}
    assert all(datetime.fromisoformat(entry["at"]).tzinfo for entry in consent)
    people = {key for key, author in authors.items() if not author["isBot"]}
    (silent,) = people - {entry["member_id"] for entry in consent}
    assert {entry["member_id"] for entry in consent} == people - {silent}
    by_id = {message["id"]: message for message in messages}
    assert sum(message["author"]["id"] == silent for message in messages) > 50
    assert any(user["id"] == silent for message in messages for user in message["mentions"])
    assert any(
        by_id[message["reference"]["messageId"]]["author"]["id"] == silent
        for message in messages
        if "reference" in message
    )


def test_a_deleted_message_was_sent_before_and_nobody_replies_to_it(
    exports: list[dict[str, Any]], messages: list[dict[str, Any]]
) -> None:
    deleted = _load("deletions.json")["deleted"]
    home = {m["id"]: e["channel"]["id"] for e in exports for m in e["messages"]}
    targets = {m["reference"]["messageId"] for m in messages if "reference" in m}
    assert deleted
    for entry in deleted:
        assert home[entry["messageId"]] == entry["channelId"]
        lived = datetime.fromisoformat(entry["deletedAt"]) - _created_at(entry["messageId"])
        assert timedelta(0) < lived < timedelta(hours=1)
        assert entry["messageId"] not in targets


def test_a_question_stays_open(messages: list[dict[str, Any]]) -> None:
    asked = [m for m in messages if "tag 41" in m["content"] and "?" in m["content"]]
    targets = {m["reference"]["messageId"] for m in messages if "reference" in m}
    assert len(asked) == 3
    assert not targets & {message["id"] for message in asked}


def test_no_two_people_say_the_same_longer_thing(messages: list[dict[str, Any]]) -> None:
    spoken = [m["content"] for m in messages if not m["author"]["isBot"]]
    longer = Counter(_words(text) for text in spoken if len(_words(text)) > 30)
    assert [text for text, times in longer.items() if times > 1] == []


def test_only_a_few_messages_are_of_a_rare_kind(messages: list[dict[str, Any]]) -> None:
    kinds = Counter(message["type"] for message in messages)
    bare_numbers = {kind for kind in kinds if kind.isdigit()}
    assert set(kinds) - bare_numbers <= KNOWN_TYPES
    assert len(bare_numbers) >= 3
    assert kinds["Default"] + kinds["Reply"] > 0.97 * len(messages)
    assert any(message["attachments"] for message in messages)
    assert any(message["timestampEdited"] for message in messages)


def test_links_and_attachments_lead_nowhere(messages: list[dict[str, Any]]) -> None:
    for message in messages:
        for attachment in message["attachments"]:
            assert attachment["url"].startswith("https://cdn.example/")
            assert attachment["url"].endswith(attachment["fileName"])
        for address in re.findall(r"https?://([^/\s)>]+)", message["content"]):
            assert address.endswith(".example")
