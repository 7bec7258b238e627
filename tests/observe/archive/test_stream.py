from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.observe.exports import export, said

from zos.core.errors import ImportFileError
from zos.observe.archive import stream
from zos.observe.archive.check import CheckedFile, check
from zos.observe.archive.files import ArchiveFile, find_files


def file_of(folder: Path, content: bytes) -> ArchiveFile:
    path = folder / "a.json"
    path.write_bytes(content)
    return find_files([path])[0]


def checked(folder: Path, content: bytes) -> CheckedFile | None:
    return check(file_of(folder, content), "digest", lambda _done: None)


def whole(count: int = 3, indent: int | None = None) -> bytes:
    told = [said(n, text="é 😀 }]" * 5) for n in range(1, count + 1)]
    return json.dumps(export(told), indent=indent, ensure_ascii=False).encode()


@pytest.mark.parametrize("indent", [None, 2])
def test_a_whole_file_is_read_to_its_last_message(tmp_path: Path, indent: int | None) -> None:
    found = checked(tmp_path, whole(300, indent))

    assert found is not None
    assert found.messages == 300
    assert found.head.channel_name == "general"


def test_wherever_a_file_is_cut_its_end_is_told(tmp_path: Path) -> None:
    content = whole(1)
    for cut in range(len(content)):
        with pytest.raises(ImportFileError) as refused:
            checked(tmp_path, content[:cut])

        assert refused.value.message.endswith(
            f"a.json ends too early, at byte {cut:,}: it is truncated."
        )


@pytest.mark.parametrize("near", [0, 40_000, 140_000])
def test_where_a_file_stops_being_json_is_told_to_the_byte(tmp_path: Path, near: int) -> None:
    content = bytearray(whole(600))
    place = content.index(b'":', near) + 2
    content[place] = ord("?")

    with pytest.raises(ImportFileError) as refused:
        checked(tmp_path, bytes(content))

    assert f"is not JSON from byte {place:,} on" in refused.value.message


def test_what_follows_the_end_is_told(tmp_path: Path) -> None:
    content = whole()

    with pytest.raises(ImportFileError, match=f"from byte {len(content):,} on"):
        checked(tmp_path, content + b"x")


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match="is not JSON from byte"):
        checked(tmp_path, whole().replace("é".encode(), b"\xff", 1))


@pytest.mark.parametrize(
    "content",
    [b"[]", b"{}", b"3", b'{"messages": 3}', b'{"messages": []}', b'{"messages": {"item": 1}}'],
)
def test_json_of_another_shape_is_refused_if_it_was_named(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ImportFileError, match="is no DiscordChatExporter file"):
        checked(tmp_path, content)


def test_json_of_another_shape_is_passed_over_in_a_folder(tmp_path: Path) -> None:
    file_of(tmp_path, b'{"messages": []}')
    (file,) = find_files([tmp_path])

    assert check(file, "digest", lambda _done: None) is None


@pytest.mark.parametrize("content", [b"", b"{", b"\x00", b"no json"])
def test_a_broken_file_is_refused_even_in_a_folder(tmp_path: Path, content: bytes) -> None:
    file_of(tmp_path, content)
    (file,) = find_files([tmp_path])

    with pytest.raises(ImportFileError, match=r"truncated|is not JSON"):
        check(file, "digest", lambda _done: None)


def test_a_message_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MESSAGE_BYTES_MAX", 200_000)

    endless = whole(1).replace("é 😀 }]".encode() * 5, b"x" * 1_000_000)

    with pytest.raises(ImportFileError, match="one message of more than 200,000 bytes"):
        checked(tmp_path, endless)


def test_a_head_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MESSAGE_BYTES_MAX", 100_000)

    with pytest.raises(ImportFileError, match="more than 100,000 bytes"):
        checked(tmp_path, b'{"guild": {"name": "' + b"x" * 400_000 + b'"}}')


def test_a_long_file_is_no_long_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MESSAGE_BYTES_MAX", 100_000)

    found = checked(tmp_path, whole(1000))

    assert found is not None


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("id", "x", "message 2, before byte"),
        ("id", None, "for id, which is no Discord id"),
        ("id", str(2**63), "for id, which is no Discord id"),
        ("id", -1, "for id, which is no Discord id"),
        ("id", True, "for id, which is no Discord id"),
        ("timestamp", "yesterday", "for timestamp, which is no time"),
        ("timestamp", None, "for timestamp, which is no time"),
        ("timestamp", "0001-01-01T00:00:00+23:00", "for timestamp, which is no time"),
        ("author", None, "has no author"),
        ("author", {"id": ""}, "for author.id"),
        ("content", 3, "where text belongs"),
        ("mentions", {}, "has mentions that are not a list"),
        ("mentions", [3], "has no mentions"),
        ("inlineEmojis", ["x"], "has an emoji that is not an object"),
        ("reactions", [3], "has a reaction that is not an object"),
        ("reactions", [{"emoji": {"name": "x"}, "count": -1}], "for the count of a reaction"),
        ("reference", {"messageId": "x" * 99}, "for reference.messageId"),
    ],
)
def test_a_message_that_makes_no_sense_is_told_by_number(
    tmp_path: Path, field: str, value: object, told: str
) -> None:
    broken = said(2) | {field: value}
    content = json.dumps(export([said(1), broken, said(3)])).encode()

    with pytest.raises(ImportFileError) as refused:
        checked(tmp_path, content)

    assert told in refused.value.message
    assert "message 2" in refused.value.message
    assert len(refused.value.message) < 400


def test_a_message_that_is_no_object_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImportFileError, match=r"message 1, before byte .*, is not an object"):
        checked(tmp_path, json.dumps(export([3])).encode())
