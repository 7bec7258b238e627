"""Reading one archive as a stream: its head, then message after message, in little memory.

In: an open binary stream of DiscordChatExporter JSON. Out: plain JSON objects. Errors say at which
byte, counted from 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

import ijson

from zos.core.errors import ImportFileError
from zos.observe.archive.files import UNREADABLE, ArchiveFile, unreadable

MESSAGE_BYTES_MAX = 64 * 1024 * 1024
"""One message with the names of 200,000 people who reacted to it; more is not chat."""

_CHUNK_BYTES = 64 * 1024
_SCALARS = {"string", "number", "null", "boolean"}
_HEAD = {
    "guild.id",
    "guild.name",
    "channel.id",
    "channel.type",
    "channel.categoryId",
    "channel.category",
    "channel.name",
    "channel.topic",
    "exportedAt",
}


class CountedStream:
    """A stream that knows how far it was read, and stops where no end of a message comes.

    Attributes:
        position: Bytes read so far.
        chunk_start: Where the last read began.
        is_at_end: The last read found nothing more.
    """

    def __init__(self, file: ArchiveFile, stream: IO[bytes]) -> None:
        self.file = file
        self._stream = stream
        self._mark = 0
        self.position = 0
        self.chunk_start = 0
        self.is_at_end = False

    def read(self, size: int) -> bytes:
        """Read at most `size` bytes.

        Raises:
            ImportFileError: If the file is damaged or the disk fails.
        """
        if self.position - self._mark > MESSAGE_BYTES_MAX:
            raise _EndlessError
        try:
            chunk = self._stream.read(size)
        except UNREADABLE as error:
            raise unreadable(self.file.name, error) from error
        self.chunk_start = self.position
        self.position += len(chunk)
        self.is_at_end = not chunk
        return chunk

    def mark(self) -> None:
        """A message ended: the next may be as long again."""
        self._mark = self.position


class _EndlessError(Exception):
    """No message ended within `MESSAGE_BYTES_MAX`."""


class _BytewiseStream(CountedStream):
    """A stream that is read byte by byte from `start` on, so that a parser stops at the very byte."""

    def __init__(self, file: ArchiveFile, stream: IO[bytes], start: int) -> None:
        super().__init__(file, stream)
        self._start = start

    def read(self, size: int) -> bytes:
        self.mark()
        return super().read(min(size, max(1, self._start - self.position)))


def read_head(file: ArchiveFile) -> dict[str, Any] | None:
    """Return what stands before the messages, by dotted names (`guild.id`), or None if it is no archive.

    Raises:
        ImportFileError: If the file is not JSON up to there.
    """
    head: dict[str, Any] = {}
    with file.open() as opened:
        stream = CountedStream(file, opened)
        try:
            for prefix, event, value in ijson.parse(stream, buf_size=_CHUNK_BYTES):
                if prefix == "messages" and event == "start_array":
                    return head
                if prefix in _HEAD and event in _SCALARS:
                    head[prefix] = value
                stream.mark()
        except (ijson.JSONError, _EndlessError) as error:
            raise _broken(stream, error) from None
    return None


def read_messages(stream: CountedStream) -> Iterator[Any]:
    """Yield the messages of an archive from its beginning, in its order.

    Raises:
        ImportFileError: With the byte at which it ends too early or stops being JSON.
    """
    try:
        for message in ijson.items(stream, "messages.item", buf_size=_CHUNK_BYTES):
            stream.mark()
            yield message
    except (ijson.JSONError, _EndlessError) as error:
        raise _broken(stream, error) from None


def _broken(stream: CountedStream, error: Exception) -> ImportFileError:
    file = stream.file
    if isinstance(error, _EndlessError):
        return ImportFileError(
            f"{file.name} has one message of more than {MESSAGE_BYTES_MAX:,} bytes before byte {stream.position:,}.",
            hint="Export the channel again.",
        )
    if stream.is_at_end:
        return ImportFileError(
            f"{file.name} ends too early, at byte {stream.position:,}: it is truncated.",
            hint="Export or copy it again; nothing of it was imported.",
        )
    return ImportFileError(
        f"{file.name} is not JSON from byte {_place(file, stream.chunk_start):,} on.",
        hint="Export or copy it again; nothing of it was imported.",
    )


def _place(file: ArchiveFile, near: int) -> int:
    """The byte at which a parser stops; `near` is at most a chunk before it."""
    with file.open() as opened:
        stream = _BytewiseStream(file, opened, near)
        try:
            for _ in ijson.basic_parse(stream, buf_size=_CHUNK_BYTES):
                pass
        except ijson.JSONError:
            return max(0, stream.position - 1)
    return near
