"""`zos insights`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from tests.cli.conftest import Zos, fill
from tests.insights.conftest import ANN, BEN, NOON, SERVER, World

from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.consent import ConsentState
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.insights.profiles import PROFILES


@dataclass
class Stored:
    """What the commands are to find."""

    said: int
    by_ben: int
    about_ann: str
    channel: str
    above: str
    private: str


@pytest.fixture
def stored(own_folder: Path) -> Stored:
    made: list[Stored] = []

    async def work(database: Database, config: Config) -> None:
        await ConsentStore(database, config).record(ANN, ConsentState.GRANTED, NOON, "operator")
        world = World(database)
        said = await world.say("I water\nthe roses", author=ANN)
        by_ben = await world.say("roses, member102 says", author=BEN)
        gone = await world.say("gone")
        about_ann = await world.learn(
            "Ann waters roses", topic=TopicKey.user(ANN, SERVER), message_ids=[said, by_ben, gone]
        )
        await world.forget(gone)
        channel = await world.learn(
            "they talk of thorns", at=NOON - timedelta(days=5), layer="weekly", message_ids=[said]
        )
        above = await world.learn(
            "gardens everywhere",
            topic=TopicKey.user(ANN),
            message_ids=(),
            insight_ids=[about_ann, "nothing"],
            conflicts_with=(channel,),
        )
        private = await world.learn("private", scope=Scope.DM)
        made.append(Stored(said, by_ben, about_ann, channel, above, private))

    fill(own_folder, work)
    return made[0]


def ids(output: str) -> list[str]:
    return [one["id"] for one in json.loads(output)["items"]]


class TestList:
    def test_a_table_says_what_was_understood_of_what(self, zos: Zos, stored: Stored) -> None:
        lines = zos("insights", "list").stdout.splitlines()
        assert lines[0].split() == ["insight", "stored", "topic", "layer", "importance", "says"]
        assert lines[2].split() == [
            *(stored.channel, "2026-02-25", "12:00", "UTC", "#c10", "weekly", "0.5"),
            *("they", "talk", "of", "thorns"),
        ]  # fmt: skip
        assert len(lines) == 4

    def test_filters_and_pages(self, zos: Zos, stored: Stored) -> None:
        everything = [stored.above, stored.channel, stored.about_ann]
        filters = {
            ("--layer", "weekly"): [stored.channel],
            ("--topic", "server:1:user:101"): [stored.about_ann],
            ("--server", "1"): [stored.channel, stored.about_ann],
            ("--since", "2026-03-02T13:00+01:00"): [stored.above, stored.about_ann],
            ("--since", "2026-03-03"): [],
            ("--status", "any"): everything,
            ("--status", "review"): [],
        }
        for arguments, expected in filters.items():
            result = zos("insights", "list", "--json", *arguments)
            assert ids(result.stdout) == expected, arguments
        first = zos("insights", "list", "--limit", "2")
        cursor = first.stdout.splitlines()[-1].removeprefix("Older ones: --before ")
        rest = zos("insights", "list", "--json", "--before", cursor)
        assert ids(rest.stdout) == [stored.about_ann]
        assert json.loads(rest.stdout)["next_cursor"] is None

    @pytest.mark.usefixtures("stored")
    def test_nothing_is_said_to_be_nothing(self, zos: Zos) -> None:
        assert zos("insights", "list", "--layer", "none").stdout == "No insights.\n"

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            (["--topic", "nonsense"], "has no known category"),
            (["--since", "yesterday"], "'yesterday' is no time. Write 2026-12-01"),
            (["--before", "x"], "is no cursor of this list"),
            (["--server", str(2**70)], "is not in the range"),
        ],
    )
    @pytest.mark.usefixtures("stored")
    def test_wrong_options_are_told_in_a_sentence(
        self, zos: Zos, arguments: list[str], sentence: str
    ) -> None:
        result = zos("insights", "list", *arguments)
        assert sentence in result.output
        assert result.exit_code == 2


class TestSearch:
    def test_insights_and_messages_are_found(self, zos: Zos, stored: Stored) -> None:
        result = zos("insights", "search", "water", "the roses", "--json")
        found = json.loads(result.stdout)["items"]
        assert {(one["kind"], one["found"]["id"]) for one in found} == {
            ("insight", stored.about_ann),
            ("message", str(stored.said)),
            ("message", str(stored.by_ben)),
        }
        assert str(BEN) not in result.stdout
        assert all(0 < one["score"] <= 1 for one in found)

    def test_the_table_names_only_who_may_be_named(self, zos: Zos, stored: Stored) -> None:
        lines = zos("insights", "search", "roses", "--limit", "5").stdout.splitlines()
        assert lines[0].split() == ["score", "found", "when", "about", "or", "by", "says"]
        text = "\n".join(lines)
        assert f"message {stored.said}" in text
        assert "member101 in #c10" in text
        assert "I water / the roses" in text
        assert "<chat_1> in #c10" in text
        assert "roses, <chat_1> says" in text
        assert "member102" not in text

    @pytest.mark.usefixtures("stored")
    def test_nothing_is_said_to_be_nothing(self, zos: Zos) -> None:
        for query in ("xylophone", '"', "NOT", "\udcff"):
            result = zos("insights", "search", "--", query)
            assert (result.stdout, result.exit_code) == ("Nothing fits these words.\n", 0)

    def test_every_profile_can_be_chosen(self, zos: Zos, stored: Stored) -> None:
        for name in PROFILES:
            result = zos("insights", "search", "roses", "--profile", name, "--server", "1")
            assert stored.about_ann in result.stdout
        assert zos("insights", "search", "roses", "--profile", "best").exit_code == 2


class TestShow:
    def test_an_insight_is_told_down_to_its_messages(self, zos: Zos, stored: Stored) -> None:
        lines = zos("insights", "show", stored.about_ann).stdout.splitlines()
        assert lines == [
            "member101 (server:1:user:101)",
            f"  Insight {stored.about_ann}, active, public, extractive",
            "  Stored 2026-03-02 12:00 UTC by nightly, run 00000000000000000000000run",
            "  Confidence 0.5, importance 0.5, novelty 0.5, strength 1",
            "",
            "Ann waters roses",
            f"  – member101, 2026-03-01 12:01 UTC, #c10: I water / the roses [{stored.said}]",
            f"  – <chat_1>, 2026-03-01 12:02 UTC, #c10: roses, <chat_1> says [{stored.by_ben}]",
            "  – message 1003 was deleted",
        ]

    def test_so_is_one_that_rests_on_insights(self, zos: Zos, stored: Stored) -> None:
        lines = zos("insights", "show", stored.above).stdout.splitlines()
        assert f"  Contradicts {stored.channel}" in lines
        start = lines.index("gardens everywhere")
        assert lines[start + 1] == (
            f"  – insight {stored.about_ann} on member101: Ann waters roses"
        )
        assert lines[start + 2].startswith("    – member101, 2026-03-01 12:01 UTC, #c10: I water")
        assert lines[-1] == "  – insight nothing is gone or may not be shown"

    def test_programs_are_told_everything(self, zos: Zos, stored: Stored) -> None:
        found = json.loads(zos("insights", "show", stored.about_ann, "--json").stdout)
        (line,) = found["lines"]
        assert [one["id"] for one in line["messages"]] == [str(stored.said), str(stored.by_ben)]
        assert [one["author_id"] for one in line["messages"]] == [str(ANN), None]
        assert line["gone_message_ids"] == ["1003"]
        assert found["insight"]["topic"] == "server:1:user:101"
        assert found["insight"]["created_at"] == "2026-03-02T12:00:00+00:00"

    @pytest.mark.parametrize("insight_id", ["nothing", "'", "%"])
    @pytest.mark.usefixtures("stored")
    def test_an_unknown_insight_is_told_in_a_sentence(self, zos: Zos, insight_id: str) -> None:
        result = zos("insights", "show", insight_id)
        assert result.exit_code == 2
        assert "There is no insight" in result.output

    def test_one_that_may_not_be_shown_is_refused(self, zos: Zos, stored: Stored) -> None:
        result = zos("insights", "show", stored.private)
        assert result.exit_code == 2
        assert "rests on direct messages" in result.output
        assert "private" not in result.stdout
