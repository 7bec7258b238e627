"""`zos member` without a running service. With one: tests/service."""

from __future__ import annotations

import asyncio
import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Zos
from tests.insights.conftest import ANN, BEN, SERVER, World

from zos.config import Config
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.engine import Database

PRIVATE = "between us"


@pytest.fixture(scope="module")
def filled(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which Ann said something in public and in private, and an insight is about her."""
    folder = tmp_path_factory.mktemp("members")
    shutil.copyfile(sqlite_template, folder / "zos.db")

    async def fill() -> None:
        database = Database(Config(data_dir=folder))
        await database.connect()
        world = World(database)
        said = await world.say("I grow tomatoes")
        other = await world.say("So do I", author=BEN)
        await world.say(PRIVATE, channel_id=77, server_id=None, scope=Scope.DM)
        for number in (1, 2):
            sources = {"message_ids": [said, other], "topic": TopicKey.user(ANN, SERVER)}
            await world.learn(f"Ann grows {number} tomatoes", **sources)  # type: ignore[arg-type]
        await database.close()

    asyncio.run(fill())
    return folder / "zos.db"


@pytest.fixture
def store(filled: Path, own_folder: Path) -> Path:
    (own_folder / "data").mkdir()
    shutil.copyfile(filled, own_folder / "data" / "zos.db")
    return own_folder


def answer(zos: Zos, *arguments: str | Path) -> Any:
    result = zos(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def about(store: Path, zos: Zos) -> str:
    assert store.exists()
    return str(answer(zos, "member", "show", str(ANN))["insights"][0]["id"])


@pytest.mark.usefixtures("store")
def test_members_are_listed(zos: Zos) -> None:
    shown = zos("member", "list").stdout
    assert f"member{ANN}" in shown
    assert f"member{BEN}" in shown
    page = answer(zos, "member", "list", "--limit", "1")
    rest = answer(zos, "member", "list", "--before", page["next_cursor"])
    assert [one["id"] for one in page["items"] + rest["items"]] == [str(ANN), str(BEN)]
    assert f"--before {ANN}" in zos("member", "list", "--limit", "1").stdout
    assert zos("member", "list", "--search", "nobody").stdout == "No members.\n"


@pytest.mark.usefixtures("store")
def test_what_is_known_is_shown_with_links_and_without_private_words(zos: Zos) -> None:
    assert zos("member", "consent", str(ANN), "yes").exit_code == 0
    shown = zos("member", "show", str(ANN)).stdout
    assert "May be thought about: they said yes" in shown
    assert "Ann grows 2 tomatoes" in shown
    assert f": I grow tomatoes [https://discord.com/channels/{SERVER}/" in shown
    assert "So do I" not in shown
    assert "Messages: 2, 1 of them in private" in shown
    assert PRIVATE not in shown


@pytest.mark.usefixtures("store")
def test_a_stranger_is_not_known(zos: Zos) -> None:
    for command in (("show", "999"), ("export", "999"), ("forget", "999", "--yes")):
        result = zos("member", *command)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "Nothing is known about member 999." in result.stderr


def test_an_export_goes_to_a_new_private_file_or_to_standard_output(store: Path, zos: Zos) -> None:
    path = store / "ann.json"
    assert zos("member", "export", str(ANN), "-o", path).exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = json.loads(path.read_text())
    assert [one["text"] for one in found["messages"]] == ["I grow tomatoes", PRIVATE]
    printed = json.loads(zos("member", "export", str(ANN)).stdout)
    assert printed["messages"] == found["messages"]
    assert zos("member", "export", str(BEN), "-o", path).exit_code == 1
    assert json.loads(path.read_text()) == found
    other = store / "nobody.json"
    assert zos("member", "export", "999", "-o", other).exit_code == 2
    assert not other.exists()
    record = json.loads(zos("access", "audit", "--json").stdout)
    assert [(one["action"], one["target"], one["status"]) for one in record] == [
        ("export", "member 999", 404),
        ("export", f"member {ANN}", 200),
        ("export", f"member {ANN}", 200),
    ]


@pytest.mark.usefixtures("store")
def test_what_is_done_for_a_member_is_recorded(about: str, zos: Zos) -> None:
    assert zos("member", "consent", str(ANN), "yes").exit_code == 0
    assert zos("member", "dispute", str(ANN), about, "I moved away.").exit_code == 0
    assert zos("member", "forget", str(ANN), "--yes").exit_code == 0
    record = json.loads(zos("access", "audit", "--json").stdout)
    assert {one["origin"] for one in record} == {"cli"}
    assert [(one["action"], one["target"]) for one in reversed(record)] == [
        ("consent", f"member {ANN}"),
        ("dispute", f"insight {about}"),
        ("forget", f"member {ANN}"),
    ]


@pytest.mark.usefixtures("store")
def test_a_no_and_a_yes_take_effect_at_once(zos: Zos) -> None:
    no = zos("member", "consent", str(ANN), "no")
    assert no.stdout.splitlines() == [
        f"Member {ANN} may not be thought about.",
        "Out of sight: 2 insights.",
    ]
    assert answer(zos, "insights", "list")["items"] == []
    yes = zos("member", "consent", str(ANN), "yes")
    assert "Shown again: 2 insights." in yes.stdout
    assert answer(zos, "member", "consent", str(ANN), "yes")["restored"] == 0
    assert len(answer(zos, "insights", "list")["items"]) == 2


def test_a_dispute_is_recorded_and_shown(about: str, zos: Zos) -> None:
    result = zos("member", "dispute", str(ANN), about, "I gave it up.")
    assert result.stdout.startswith(f"Insight {about} is under review.")
    assert "I gave it up." in zos("member", "show", str(ANN)).stdout
    made = answer(zos, "member", "dispute", str(ANN), about, "Really.")
    assert made["insight_id"] == about
    wrong = zos("member", "dispute", str(ANN), about, " ")
    assert wrong.exit_code == 2
    assert "1 to 1,000 characters" in wrong.stderr


@pytest.mark.usefixtures("store")
def test_an_erasure_is_confirmed_by_the_members_id(
    zos: Zos, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = zos("member", "forget", str(ANN))
    assert refused.exit_code == 2
    assert "Add --yes." in refused.stderr
    asked_at_terminal(monkeypatch, "y")
    assert "Nothing was erased." in zos("member", "forget", str(ANN)).stderr
    asked_at_terminal(monkeypatch, str(ANN))
    done = zos("member", "forget", str(ANN))
    assert done.exit_code == 0, done.stderr
    assert "  2 messages\n" in done.stdout
    assert "Erased " in zos("member", "show", str(ANN)).stdout
    again = answer(zos, "member", "forget", str(ANN), "--yes")
    assert again["receipt"]["messages"] == 2
    assert zos("member", "consent", str(ANN), "yes").exit_code == 2


@pytest.mark.usefixtures("store")
def test_an_erasure_that_waits_for_something_says_so(
    zos: Zos, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_arguments: object) -> str:
        return "somebody reads"

    monkeypatch.setattr("zos.members.erasure.course.purge", busy)
    result = zos("member", "forget", str(ANN), "--yes")
    assert result.exit_code == 3
    assert "Not erased completely yet: somebody reads" in result.stdout


@pytest.mark.usefixtures("store")
def test_an_erasure_that_is_interrupted_says_how_it_goes_on(
    zos: Zos, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def interrupted(*_arguments: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("zos.members.erasure.course.purge", interrupted)
        result = zos("member", "forget", str(ANN), "--yes")
    assert result.exit_code == 130
    assert "It goes on while a service runs, or when it is asked for again." in result.stderr
    assert answer(zos, "member", "forget", str(ANN), "--yes")["receipt"]["messages"] == 2


def asked_at_terminal(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    """Let somebody sit at a terminal and type an answer."""
    prompt: Callable[..., str] = lambda *_arguments, **_options: typed  # noqa: E731
    monkeypatch.setattr("zos.cli.member.click.prompt", prompt)
    monkeypatch.setattr("zos.cli.member._is_terminal", lambda: True)
