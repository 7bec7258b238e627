"""Answers for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from zos.cli.output import cell, plain, progress, show_json, show_line, show_table
from zos.core.topics import TopicKey

BERLIN = timezone(timedelta(hours=1), "CET")
MOMENT = datetime(2026, 3, 2, 12, 30, 15, 250, tzinfo=BERLIN)


class Kind(StrEnum):
    GOOD = "good"


@dataclass(frozen=True)
class Row:
    id: int
    member_ids: tuple[int, ...]
    at: datetime
    kind: Kind = Kind.GOOD
    inner: Mapping[str, int] = field(default_factory=lambda: {"server_id": 2**60, "count": 2})
    topic: TopicKey = field(default_factory=lambda: TopicKey.user(5))
    path: Path = Path("a/b")
    share: float = 0.5
    note: str | None = None
    is_open: bool = True


def shown_json(value: object, capsys: pytest.CaptureFixture[str]) -> Any:
    show_json(value)
    return json.loads(capsys.readouterr().out)


def test_json_keeps_the_order_of_fields_and_has_ids_as_strings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = shown_json([Row(2**60, (1, 2), MOMENT)], capsys)
    assert shown == [
        {
            "id": str(2**60),
            "member_ids": ["1", "2"],
            "at": "2026-03-02T12:30:15.000250+01:00",
            "kind": "good",
            "inner": {"server_id": str(2**60), "count": 2},
            "topic": "user:5",
            "path": "a/b",
            "share": 0.5,
            "note": None,
            "is_open": True,
        }
    ]
    assert list(shown[0])[:3] == ["id", "member_ids", "at"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({3, 1, 2}, [1, 2, 3]),
        ({Kind.GOOD: 1}, {"good": 1}),
        ({7: "x"}, {"7": "x"}),
        ({"role_id": None}, {"role_id": None}),
        ({"id": "01ABC"}, {"id": "01ABC"}),
        ({"valid": 1}, {"valid": 1}),
        ({"id": True}, {"id": True}),
        ((), []),
    ],
)
def test_plain_values_are_what_json_can_hold(value: object, expected: object) -> None:
    assert plain(value) == expected


def test_letters_stay_readable_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    show_json({"name": "Grüße 👋"})
    assert "Grüße 👋" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        ("", "–"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (2**60, str(2**60)),
        (0.001, "0.001"),
        (1234.5, "1,234.5"),
        (150.0, "150"),
        (MOMENT, "2026-03-02 12:30 CET"),
        (MOMENT.astimezone(UTC), "2026-03-02 11:30 UTC"),
        (Kind.GOOD, "good"),
        ("a\x1b[2Jb", "a\ufffd[2Jb"),
        (TopicKey.user(5), "user:5"),
    ],
)
def test_a_cell_is_short_and_harmless(value: object, expected: str) -> None:
    assert cell(value) == expected


def test_a_table_that_is_piped_has_one_line_a_row_however_long(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_table(["name", "count"], [["word " * 100, 1], ["[bold]x[/bold]", 20]])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert lines[0].split() == ["name", "count"]
    assert lines[1].count("word") == 100
    assert lines[2].startswith("[bold]x[/bold]")
    assert lines[1].rstrip().endswith(" 1")
    assert lines[2].rstrip().endswith("20")


def test_an_empty_table_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(["a"], [], empty="No insights yet.")
    assert capsys.readouterr().out == "No insights yet.\n"


def test_a_line_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show_line("a\x1bb")
    assert capsys.readouterr().out == "a\ufffdb\n"


def test_nobody_watches_progress_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Copying") as report:
        report(1, 2)
        report(2)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_progress_is_shown_on_a_terminal_and_goes_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    with progress("Copying") as report:
        report(1, 2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Copying" in captured.err
