"""The demo as a newcomer runs it: one process, offline, in a folder of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from zos.demo.folder import demo_config, make_folder
from zos.demo.sample import archives, consent_file, deletions, sample

NO_NETWORK = """
import socket

class Refused(socket.socket):
    def __init__(self, family=-1, *rest, **named):
        if family not in (socket.AF_UNIX,):
            raise RuntimeError("the demo opened a socket")
        super().__init__(family, *rest, **named)

socket.socket = Refused
"""


def run_demo(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zos", "demo", *options],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def summary_of(place: Path) -> dict[str, Any]:
    """Return the summary of a demo that could open no socket, and whose environment wants another store."""
    (place / "forbid").mkdir()
    (place / "forbid" / "sitecustomize.py").write_text(NO_NETWORK)
    ran = run_demo(
        place,
        *("--dir", "demo", "--no-serve", "--json"),
        PYTHONPATH=str(place / "forbid"),
        ZOS_DATABASE__URL="postgresql://127.0.0.1:1/nowhere",
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def silent_member() -> dict[str, Any]:
    """Return the one member of the sample who has not consented, and what they wrote."""
    with sample() as folder:
        granted = {one["member_id"] for one in json.loads(consent_file(folder).read_text())}
        messages = [
            message
            for path in archives(folder)
            for message in json.loads(path.read_text())["messages"]
        ]
    own = [
        one for one in messages if not one["author"]["isBot"] and one["author"]["id"] not in granted
    ]
    (name,) = {one["author"]["nickname"] or one["author"]["name"] for one in own}
    return {"name": name, "texts": [one["content"] for one in own]}


def test_a_newcomer_sees_what_was_observed_and_understood_and_why_no_more(tmp_path: Path) -> None:
    """One demo for all of it: it takes as long as a hundred other tests."""
    summary = summary_of(tmp_path)
    _it_observed_the_sample_without_what_was_deleted(summary)
    _every_slot_of_the_fortnight_has_an_outcome(summary)
    _every_layer_fired_and_most_left_insights(summary)
    _insights_rest_on_messages_that_are_quoted(summary)
    _nobody_without_consent_is_named_or_quoted(summary)
    _it_says_why_more_was_not_thought_about(summary)
    _it_cost_nothing_and_the_books_are_right(summary)
    _everything_is_in_its_folder_and_stays(summary, tmp_path)
    _a_folder_with_something_in_it_is_not_touched(summary, tmp_path)


def _it_observed_the_sample_without_what_was_deleted(summary: dict[str, Any]) -> None:
    with sample() as folder:
        messages = [
            message
            for path in archives(folder)
            for message in json.loads(path.read_text())["messages"]
        ]
        deleted = len(deletions(folder))
    said = sum(message["type"] in {"Default", "Reply", "20"} for message in messages)
    observed = summary["observed"]
    assert deleted == observed["deleted"] > 0
    assert observed["messages"] == said - deleted
    assert (observed["rooms"], observed["members"], observed["consented"]) == (7, 15, 13)


def _every_slot_of_the_fortnight_has_an_outcome(summary: dict[str, Any]) -> None:
    replayed = summary["replayed"]
    assert (replayed["first"], replayed["last"]) == ("2026-09-14", "2026-09-27")
    assert sum(replayed["totals"]["slots"].values()) == replayed["replayed"] == 7 * 14 + 2
    assert set(replayed["totals"]["slots"]) <= {"success", "dry", "skipped"}


def _every_layer_fired_and_most_left_insights(summary: dict[str, Any]) -> None:
    nights = {one["layer"]: one for one in summary["nights"]}
    assert len(nights) == 8
    assert all(sum(one["outcomes"].values()) == one["fires"] >= 2 for one in nights.values())
    assert nights["nightly-channel-reflection"]["insights"] >= 14
    total = sum(one["insights"] for one in nights.values())
    assert total == summary["replayed"]["totals"]["insights"]


def _insights_rest_on_messages_that_are_quoted(summary: dict[str, Any]) -> None:
    with sample() as folder:
        said = {
            message["content"]
            for path in archives(folder)
            for message in json.loads(path.read_text())["messages"]
        }
    examples = summary["examples"]
    assert len({example["layer"] for example in examples}) >= 4
    sources = [
        source
        for example in examples
        for statement in example["statements"]
        for source in statement["sources"]
    ]
    assert len(sources) >= 10
    plain = [
        source for source in sources if "@" not in source["text"] and ":" not in source["text"]
    ]
    assert {source["text"] for source in plain} <= said


def _nobody_without_consent_is_named_or_quoted(summary: dict[str, Any]) -> None:
    silent = silent_member()
    told = json.dumps([summary["examples"], summary["why_not"]], ensure_ascii=False)
    assert silent["name"] not in told
    assert not [text for text in silent["texts"] if len(text) > 15 and text in told]


def _it_says_why_more_was_not_thought_about(summary: dict[str, Any]) -> None:
    reasons = summary["why_not"]
    assert len(reasons) >= 3
    assert all(one["times"] >= 1 and one["reason"] and one["case"] for one in reasons)
    assert [one["times"] for one in reasons] == sorted(
        (one["times"] for one in reasons), reverse=True
    )


def _it_cost_nothing_and_the_books_are_right(summary: dict[str, Any]) -> None:
    assert (summary["spent_usd"], summary["ledger_mismatches"]) == (0.0, 0)


def _everything_is_in_its_folder_and_stays(summary: dict[str, Any], place: Path) -> None:
    assert summary["folder"] == str(place / "demo")
    assert {path.name for path in place.iterdir()} == {"demo", "forbid"}
    config = demo_config(place / "demo")
    assert (config.data_dir / "zos.db").is_file()
    assert config.api.port == 0


def _a_folder_with_something_in_it_is_not_touched(summary: dict[str, Any], place: Path) -> None:
    before = (place / "demo" / "zos.yaml").stat().st_mtime_ns
    ran = run_demo(place, "--dir", summary["folder"], "--no-serve")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "is not empty. Name a new folder" in ran.stderr
    assert (place / "demo" / "zos.yaml").stat().st_mtime_ns == before


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    assert make_folder(tmp_path) == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ["zos.yaml"]


def test_without_a_wish_the_folder_is_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    one, other = make_folder(None), make_folder(None)
    assert one != other
    assert {path.parent for path in (one, other)} == {tmp_path}


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ran = run_demo(tmp_path, "--dir", "file/demo", "--no-serve")
    assert ran.returncode == 2
    assert "cannot be made: Not a directory" in ran.stderr
