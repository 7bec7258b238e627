"""`zos import`."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from time import monotonic, sleep

import pytest
from tests.cli.conftest import Process, Zos
from tests.observe.exports import export, person, reacted, said, write

NOT_BOOKED = (
    "Not in the ledger yet: 2026-03-02 to 2026-03-02. Reflect on it day by day with "
    "`zos replay --from 2026-03-02 --to 2026-03-02`, or book it with --book."
)


def archive(path: Path, messages: int = 3, first: int = 1) -> Path:
    told = [
        said(n, 11 + n % 2, mentions=[person(12)], reactions=[reacted("👍", 13)])
        for n in range(first, first + messages)
    ]
    return write(path, export(told))


def stored(folder: Path) -> int:
    with closing(sqlite3.connect(f"file:{folder}/data/zos.db?mode=ro", uri=True)) as database:
        (count,) = database.execute("SELECT count(*) FROM message").fetchone()
        return int(count)


def test_it_tells_what_came_in_and_what_to_do_next(zos: Zos, own_folder: Path) -> None:
    archive(own_folder / "in/a.json")
    write(own_folder / "in/other.json", {"no": "archive"})

    result = zos("import", "in")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Imported 1 of 2 files: 3 new messages, 0 known, 3 reactions, 3 new members.",
        "Left out in/other.json: it is no DiscordChatExporter file.",
        NOT_BOOKED,
    ]


def test_a_second_call_changes_nothing_and_says_so(zos: Zos, own_folder: Path) -> None:
    path = archive(own_folder / "a.json")
    zos("import", path, "--book")

    result = zos("import", path, "--book")

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Imported 0 of 1 files: 0 new messages, 0 known, 0 reactions, 0 new members.",
        "1 files were in already.",
        "Booked the salience of 0 messages and 0 reactions.",
    ]


def test_consents_and_booking_come_with_it(zos: Zos, own_folder: Path) -> None:
    consents = write(
        own_folder / "consent.json",
        [
            {"member_id": str(who), "consent": "granted", "at": "2026-01-01T00:00:00Z"}
            for who in (11, 12)
        ],
    )

    result = zos(
        "import", archive(own_folder / "a.json"), "--consent", consents, "--book", "--json"
    )

    shown = json.loads(result.stdout)
    assert result.exit_code == 0
    assert (shown["messages"], shown["consents"], shown["unbooked"]) == (3, 2, None)
    assert shown["booked"]["messages"] == 3
    assert shown["booked"]["entries"] > 0
    assert [file["outcome"] for file in shown["files"]] == ["imported"]


def test_it_is_recorded_with_the_consents_that_it_changed(zos: Zos, own_folder: Path) -> None:
    said_yes = {"member_id": "11", "consent": "granted", "at": "2026-01-01T00:00:00Z"}
    write(own_folder / "consent.json", [said_yes])
    archive(own_folder / "a.json")
    write(own_folder / "b.json", {"guild": {"id": "x"}, "channel": {}, "messages": [{}]})
    zos("import", own_folder / "a.json", "--consent", own_folder / "consent.json")
    assert zos("import", "a.json", "b.json").exit_code != 0
    rows = json.loads(zos("access", "audit", "--json").stdout)
    assert [(one["origin"], one["action"], one["target"], one["status"]) for one in rows] == [
        ("cli", "import", "a.json, b.json", 422),
        ("cli", "import", "1 consents of consent.json, and a.json", 200),
    ]


def test_what_stayed_out_is_told(zos: Zos, own_folder: Path) -> None:
    direct = export([said(1, 11), said(2, 12)], type="DirectTextChat")
    direct["guild"]["id"] = "0"

    result = zos("import", write(own_folder / "dm.json", direct))

    assert "2 direct messages stay out until their authors consent." in result.stdout


def test_a_newer_edit_is_told(zos: Zos, own_folder: Path) -> None:
    zos("import", archive(own_folder / "a.json", 1))
    newer = said(1, text="newer", timestampEdited="2026-03-03T00:00:00+00:00")

    result = zos("import", write(own_folder / "b.json", export([newer])))

    assert "1 known messages had a newer text, which they have now." in result.stdout


def test_a_zip_comes_in(zos: Zos, own_folder: Path) -> None:
    with zipfile.ZipFile(own_folder / "a.zip", "w") as packed:
        packed.write(archive(own_folder / "x/a.json"), "a.json")

    assert "3 new messages" in zos("import", "a.zip").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["none.json"], "There is no file or folder none.json."),
        (["empty"], "There is no .json file in empty."),
        (["cut.json"], "cut.json ends too early, at byte 100: it is truncated."),
        (["text.json"], "text.json is not JSON from byte 0 on."),
        (["list.json"], "list.json is no DiscordChatExporter file"),
        (["bad.zip"], "bad.zip cannot be read: File is not a zip file."),
        (["good.json", "--consent", "none.json"], "The consent file none.json cannot be read"),
        (["good.json", "--consent", "list.json"], "The consent file list.json, entry 1"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(
    zos: Zos, own_folder: Path, arguments: list[str], told: str
) -> None:
    good = archive(own_folder / "good.json")
    (own_folder / "empty").mkdir()
    (own_folder / "cut.json").write_bytes(good.read_bytes()[:100])
    (own_folder / "text.json").write_text("what?")
    (own_folder / "list.json").write_text("[3]")
    (own_folder / "bad.zip").write_text("nothing")

    result = zos("import", *arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: {told}")
    assert not (own_folder / "data/zos.db").exists() or stored(own_folder) == 0


def test_no_path_is_a_wrong_use(zos: Zos) -> None:
    assert zos("import").exit_code == 2


def test_an_interrupted_import_says_how_to_go_on_and_does(
    process: Process, zos: Zos, own_folder: Path
) -> None:
    path = archive(own_folder / "a.json", 30_000)
    running = process("import", path, cwd=own_folder)
    deadline = monotonic() + 60
    while monotonic() < deadline and not begun(own_folder):
        sleep(0.01)  # the processor is the other's
    running.send_signal(signal.SIGINT)
    _, said_last = running.communicate(timeout=60)

    assert running.returncode == 130
    assert "run it again to go on from there" in said_last
    before = stored(own_folder)
    assert 0 < before < 30_000

    result = zos("import", path)

    assert re.search(rf": {30_000 - before:,} new messages, 0 known", result.stdout)
    assert stored(own_folder) == 30_000


def begun(folder: Path) -> bool:
    try:
        return stored(folder) > 0
    except sqlite3.OperationalError:
        return False
