"""`zos replay`: the nights of the past, as if layers had run on time."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from tests.cli.conftest import Zos
from tests.recent_chat import write_chat, write_consents

LAYER = """\
name: nightly-channel-reflection
category: channel
schedule: 0 3 * * *
nodes:
  - type: fetch_messages
  - type: llm_call
    prompt: reflect/channel.md.j2
  - type: store_insight
"""
OTHERS = (
    "dyad-synthesis",
    "nightly-dyad-reflection",
    "nightly-emoji-reflection",
    "nightly-subject-reflection",
    "nightly-user-reflection",
    "user-synthesis",
    "weekly-self-reflection",
)


@pytest.fixture
def night(zos: Zos, own_folder: Path) -> date:
    """The day whose 03:00 comes after an imported conversation; one layer is in force."""
    day = datetime.now(UTC).date() - timedelta(days=3)
    talked = datetime.combine(day, time(2, 30), UTC)
    exports, consents = write_chat(own_folder, talked), write_consents(own_folder, talked)
    (own_folder / "zos.yaml").write_text("data_dir: data\n")
    (own_folder / "layers").mkdir()
    (own_folder / "layers" / "nightly.yaml").write_text(LAYER)
    for name in OTHERS:
        text = LAYER.replace("nightly-channel-reflection", name) + "enabled: false\n"
        (own_folder / "layers" / f"{name}.yaml").write_text(text)
    assert zos("import", "--consent", consents, exports).exit_code == 0
    return day


def test_a_replay_gives_every_slot_its_outcome_and_a_second_changes_nothing(
    zos: Zos, night: date
) -> None:
    days = ("--from", str(night), "--to", str(night + timedelta(days=1)))
    first = json.loads(zos("replay", *days, "--json").stdout)
    assert first["replayed"] == 2
    assert first["totals"]["slots"] == {"skipped": 1, "success": 1}
    assert first["totals"]["insights"] == 1
    again = json.loads(zos("replay", *days, "--json").stdout)
    assert again == {**first, "replayed": 0}
    rows = json.loads(zos("access", "audit", "--json").stdout)
    told = ("replay", f"{night} to {night + timedelta(days=1)}", 200)
    replays = [one for one in rows if one["action"] == "replay"]
    assert [(one["action"], one["target"], one["status"]) for one in replays] == [told]


def test_a_replay_is_told_in_words(zos: Zos, night: date) -> None:
    result = zos("replay", "--from", str(night), "--to", str(night))
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[:2] == [
        f"Replayed 1 slots from {night} to {night} (UTC).",
        "Slots: 1 success. Runs: 1 success.",
    ]
    assert result.stdout.splitlines()[2].startswith("1 insights, ")
    assert result.stdout.rstrip().endswith("$0.0000.")


def test_a_range_without_slots_is_told_as_none(zos: Zos, night: date, own_folder: Path) -> None:
    text = LAYER + "enabled: false\n"
    (own_folder / "layers" / "nightly.yaml").write_text(text)
    result = zos("replay", "--from", str(night), "--to", str(night))
    assert "Slots: none. Runs: none." in result.stdout


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (1, 0, "ends before it begins. Swap --from and --to."),
        (0, 40, "has not come yet."),
    ],
)
def test_a_range_that_cannot_be_is_refused(
    zos: Zos, night: date, first: int, last: int, said: str
) -> None:
    days = [str(night + timedelta(days=number)) for number in (first, last)]
    result = zos("replay", "--from", days[0], "--to", days[1])
    assert result.exit_code == 2
    assert said in result.stderr


def test_history_that_is_booked_already_is_refused(zos: Zos, night: date, own_folder: Path) -> None:
    zos("import", "--book", own_folder / "exports")
    result = zos("replay", "--from", str(night - timedelta(days=1)), "--to", str(night))
    assert result.exit_code == 2
    assert "would see what came after it" in result.stderr


@pytest.mark.parametrize("options", [(), ("--from", "2026-01-01"), ("--from", "x", "--to", "y")])
def test_both_days_are_wanted(zos: Zos, options: tuple[str, ...]) -> None:
    assert zos("replay", *options).exit_code == 2


def test_without_a_database_there_is_nothing_to_replay(zos: Zos, own_folder: Path) -> None:
    result = zos("replay", "--from", "2026-01-01", "--to", "2026-01-02")
    assert result.exit_code == 1
    assert "There is no database at" in result.stderr
    assert list(own_folder.iterdir()) == []
