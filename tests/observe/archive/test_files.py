from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from zos.core.errors import ImportFileError
from zos.observe.archive import files
from zos.observe.archive.check import fingerprint
from zos.observe.archive.files import find_files


def packed(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def test_a_folder_gives_its_json_and_zip_files_by_name(tmp_path: Path) -> None:
    for name in ("b.json", "a/z.JSON", "a/notes.txt", ".hidden/x.json", "a/__MACOSX/y.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    packed(tmp_path / "c.zip", {"in/two.json": b"{}", "in/one.json": b"{}", "pic.png": b""})

    found = find_files([tmp_path])

    assert [file.name.removeprefix(str(tmp_path)) for file in found] == [
        "/a/z.JSON",
        "/b.json",
        "/c.zip!in/one.json",
        "/c.zip!in/two.json",
    ]
    assert not any(file.was_named for file in found)


def test_a_named_file_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    path.write_bytes(b"{}")

    (file,) = find_files([path])

    assert (file.was_named, file.size_bytes) == (True, 2)
    with file.open() as opened:
        assert opened.read() == b"{}"


def test_an_entry_is_read_in_place_whatever_path_it_claims(tmp_path: Path) -> None:
    path = packed(tmp_path / "tricks.zip", {"../../etc/x.json": b"[1]"})
    before = sorted(tmp_path.rglob("*"))

    (file,) = find_files([path])

    with file.open() as opened:
        assert opened.read() == b"[1]"
    assert sorted(tmp_path.rglob("*")) == before


def test_names_cannot_steer_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m.json"
    path.write_text("{}")

    (file,) = find_files([path])

    assert "\x1b" not in file.name


def test_an_entry_that_unpacks_to_far_too_much_is_refused(tmp_path: Path) -> None:
    bomb = packed(tmp_path / "bomb.zip", {"a.json": b" " * 40_000_000})

    with pytest.raises(ImportFileError, match="40,000,000 bytes"):
        find_files([bomb])


def test_a_small_file_may_pack_well(tmp_path: Path) -> None:
    assert find_files([packed(tmp_path / "a.zip", {"a.json": b" " * 1_000_000})])


def test_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ZIP_ENTRIES_MAX", 2)
    path = packed(tmp_path / "a.zip", {f"{n}.json": b"{}" for n in range(3)})

    with pytest.raises(ImportFileError, match="holds 3 files"):
        find_files([path])


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a.json": b"{}"})
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1  # the flag in the central directory
    path.write_bytes(raw)

    with pytest.raises(ImportFileError, match="encrypted"):
        find_files([path])


def test_a_damaged_entry_is_told_when_it_is_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", {"a.json": bytes(range(256)) * 64})
    raw = bytearray(path.read_bytes())
    raw[60] ^= 0xFF
    path.write_bytes(raw)
    (file,) = find_files([path])

    with pytest.raises(ImportFileError, match=r"a\.zip!a\.json cannot be read"):
        fingerprint(file)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("none.json", None, "There is no file or folder"),
        ("broken.zip", b"no zip at all", "cannot be read"),
        ("empty.zip", packed, "holds no .json file"),
        ("folder", "folder", "There is no .json file in"),
    ],
)
def test_what_cannot_be_imported_is_refused_in_one_sentence(
    tmp_path: Path, name: str, content: object, told: str
) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif callable(content):
        content(path, {"readme.txt": b""})
    elif content == "folder":
        path.mkdir()

    with pytest.raises(ImportFileError, match=told) as refused:
        find_files([path])

    assert str(path) in refused.value.message
    assert refused.value.hint


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)

    with pytest.raises(ImportFileError, match="is not a file"):
        find_files([pipe])


def test_a_file_that_went_away_is_told_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{}")
    (file,) = find_files([path])
    path.unlink()

    for use in (file.open, file.state):
        with pytest.raises(ImportFileError, match=r"a\.json cannot be read: No such file"):
            use()
