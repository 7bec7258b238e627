"""Checking an archive before any of it is stored: whole, and every message understood."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from zos.core.errors import ImportFileError
from zos.observe.archive.files import UNREADABLE, ArchiveFile, unreadable
from zos.observe.archive.mapping import ArchiveValueError, Head, to_head, to_message
from zos.observe.archive.stream import CountedStream, read_head, read_messages

_MESSAGES_A_REPORT = 1_000


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """An archive that is whole.

    Attributes:
        fingerprint: SHA-256 of its bytes, unpacked.
        state: Of the file on disk when it was checked.
        messages: How many it holds, Discord's notices among them.
        first_at: The time of its earliest message, whose author is `first_author_id`.
    """

    file: ArchiveFile
    fingerprint: str
    state: tuple[int, int]
    head: Head
    messages: int
    first_at: datetime | None
    first_author_id: int | None


def fingerprint(file: ArchiveFile) -> str:
    """Return the SHA-256 of a file's bytes, as hexadecimal digits.

    Raises:
        ImportFileError: If it cannot be read.
    """
    with file.open() as opened:
        try:
            return hashlib.file_digest(opened, "sha256").hexdigest()  # type: ignore[arg-type]
        except UNREADABLE as error:
            raise unreadable(file.name, error) from error


def check(file: ArchiveFile, digest: str, progress: Callable[[int], None]) -> CheckedFile | None:
    """Read a whole file without storing any of it; None: it is JSON, but no archive.

    Args:
        file: The file.
        digest: Its fingerprint.
        progress: Is told the bytes read so far.

    Raises:
        ImportFileError: If it is broken, or was named by the caller and is no archive.
    """
    state = file.state()
    found = read_head(file)
    try:
        head = None if found is None else to_head(found)
    except ArchiveValueError:
        head = None
    if head is None:
        if file.was_named:
            raise ImportFileError(
                f"{file.name} is no DiscordChatExporter file: it names no server, channel and messages.",
                hint="Export the channel in the JSON format.",
            )
        return None
    count, first = _read_through(file, head, progress)
    return CheckedFile(
        file=file,
        fingerprint=digest,
        state=state,
        head=head,
        messages=count,
        first_at=None if first is None else first[0],
        first_author_id=None if first is None else first[2],
    )


def _read_through(
    file: ArchiveFile, head: Head, progress: Callable[[int], None]
) -> tuple[int, tuple[datetime, int, int] | None]:
    """Understand every message; return their number, and the earliest's time, id and author."""
    count = 0
    first: tuple[datetime, int, int] | None = None
    with file.open() as opened:
        stream = CountedStream(file, opened)
        for count, raw in enumerate(read_messages(stream), start=1):
            try:
                one = to_message(raw, head).message
            except ArchiveValueError as error:
                raise ImportFileError(
                    f"{file.name}: message {count:,}, before byte {stream.position:,}, {error}.",
                    hint="Export the channel again; nothing of it was imported.",
                ) from None
            turn = (one.created_at, one.id, one.author.id)
            first = turn if first is None else min(first, turn)
            if count % _MESSAGES_A_REPORT == 0:
                progress(stream.position)
    return count, first
