"""Which archive files a call of `zos import` is about: files, folders, and the entries of .zip files.

A .zip is read in place and never unpacked, so the paths in it lead nowhere; entries that unpack to
far more than chat does are refused.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from zos.core.errors import ImportFileError
from zos.core.text import printable

ZIP_ENTRIES_MAX = 100_000
ZIP_RATIO_MAX = 200
"""Indented JSON packs 10 to 40 to 1; a bomb 1,000 to 1."""

_SMALL_BYTES = 16 * 1024 * 1024
_ENCRYPTED = 0x1
UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError)
"""What opening or reading a file or an entry can raise."""


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One file to read.

    Attributes:
        name: How people are told of it: its path, or the .zip's path, `!` and the entry.
        size_bytes: Unpacked.
        was_named: Whether the caller named this very file, so that it must be an archive.
    """

    name: str
    size_bytes: int
    was_named: bool
    path: Path
    entry: str | None = None

    def open(self) -> IO[bytes]:
        """Open it for reading, unpacked.

        Raises:
            ImportFileError: If it cannot be opened.
        """
        try:
            if self.entry is None:
                return self.path.open("rb")
            with zipfile.ZipFile(self.path) as archive:  # the entry keeps the file open by itself
                return archive.open(self.entry)
        except UNREADABLE as error:
            raise unreadable(self.name, error) from error

    def state(self) -> tuple[int, int]:
        """Return size and time of change on disk, to see whether it changed while it was read."""
        try:
            status = self.path.stat()
        except OSError as error:
            raise unreadable(self.name, error) from error
        return status.st_size, status.st_mtime_ns


def unreadable(name: str, error: BaseException) -> ImportFileError:
    """Say in one sentence why a file cannot be read."""
    reason = (
        (error.strerror if isinstance(error, OSError) else None) or str(error) or "it is damaged"
    )
    return ImportFileError(
        f"{name} cannot be read: {reason.rstrip('.')}.", hint="Check the file and its permissions."
    )


def find_files(paths: Sequence[Path]) -> list[ArchiveFile]:
    """Return the files that `paths` (files, folders, .zip files) hold, in order of their names.

    Raises:
        ImportFileError: If a path is missing or unreadable, or nothing was found.
    """
    found = [file for path in paths for file in _find(path)]
    if not found:
        where = ", ".join(map(str, paths))
        raise ImportFileError(
            f"There is no .json file in {where}.",
            hint="Export channels with DiscordChatExporter in its JSON format.",
        )
    return found


def _find(path: Path) -> Iterable[ArchiveFile]:
    try:
        if path.is_dir():
            return [file for inner in _inside(path) for file in _file(inner, was_named=False)]
        if path.is_file():
            return _file(path, was_named=True)
    except OSError as error:
        raise unreadable(str(path), error) from error
    raise ImportFileError(
        f"There is no file or folder {path}." if not path.exists() else f"{path} is not a file.",
        hint="Name a DiscordChatExporter .json file, a folder of them, or a .zip.",
    )


def _inside(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in (".json", ".zip")
        and path.is_file()
        and not any(part.startswith((".", "__MACOSX")) for part in path.relative_to(folder).parts)
    )


def _file(path: Path, *, was_named: bool) -> list[ArchiveFile]:
    if path.suffix.lower() == ".zip":
        return _entries(path, was_named=was_named)
    return [ArchiveFile(printable(str(path)), path.stat().st_size, was_named, path)]


def _entries(path: Path, *, was_named: bool) -> list[ArchiveFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except UNREADABLE as error:
        raise unreadable(printable(str(path)), error) from error
    if len(entries) > ZIP_ENTRIES_MAX:
        raise ImportFileError(
            f"{path} holds {len(entries):,} files, more than {ZIP_ENTRIES_MAX:,}.",
            hint="Split it into several .zip files.",
        )
    wanted = sorted((entry for entry in entries if _is_json(entry)), key=lambda one: one.filename)
    if was_named and not wanted:
        raise ImportFileError(f"{path} holds no .json file.", hint="Put the exported files in it.")
    return [_entry(path, entry) for entry in wanted]


def _is_json(entry: zipfile.ZipInfo) -> bool:
    name = entry.filename
    return not entry.is_dir() and name.lower().endswith(".json") and "__MACOSX/" not in name


def _entry(path: Path, entry: zipfile.ZipInfo) -> ArchiveFile:
    name = printable(f"{path}!{entry.filename}")
    if entry.flag_bits & _ENCRYPTED:
        raise ImportFileError(f"{name} is encrypted.", hint="Pack it again without a password.")
    if entry.file_size > max(_SMALL_BYTES, ZIP_RATIO_MAX * entry.compress_size):
        raise ImportFileError(
            f"{name} would unpack to {entry.file_size:,} bytes from {entry.compress_size:,}, which no chat does.",
            hint="If it is a true export, unpack it yourself and import the file.",
        )
    return ArchiveFile(name, entry.file_size, was_named=False, path=path, entry=entry.filename)
