"""From a checked archive to batches that `take_in` understands, in the file's order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from zos.core.errors import ImportFileError
from zos.observe.archive.check import CheckedFile
from zos.observe.archive.files import ArchiveFile
from zos.observe.archive.mapping import ArchivedMessage, ArchiveValueError, to_message
from zos.observe.archive.stream import CountedStream, read_messages
from zos.observe.batch import Batch, Sighting
from zos.observe.community.store import UNSEEN
from zos.observe.events import Author, ChannelKind, ChannelSeen, ServerSeen

HEARD_OF = UNSEEN + timedelta(microseconds=1)
"""The time of what an archive only mentions: newer than a mere id, older than any sight of it."""

_EVENTS_A_MESSAGE = 10
"""A batch is full of reactions at so many times its messages."""


@dataclass(frozen=True, slots=True)
class ArchiveBatch:
    """Some messages of a file; `done` counts Discord's notices too, `bytes_read` from its beginning."""

    batch: Batch
    done: int
    bytes_read: int


class BatchReader:
    """Reads a file in batches, and holds it open until `close`.

    Args:
        checked: The file.
        skip: So many messages from its beginning are in already.
        size: Messages in a batch, at most.
        now: Nothing was seen later than this, whatever the file says.
    """

    def __init__(self, checked: CheckedFile, *, skip: int, size: int, now: datetime) -> None:
        self._head = checked.head
        self._size = size
        self._seen_at = min(checked.head.exported_at or HEARD_OF, now)
        self._sighted: set[tuple[int, bool]] = set()
        self._batch = Batch(servers=self._servers(), channels=self._channels(checked))
        self._opened = checked.file.open()
        self._stream = CountedStream(checked.file, self._opened)
        self._messages = islice(read_messages(self._stream), skip, None)
        self._is_first = True

    def close(self) -> None:
        """Close the file."""
        self._opened.close()

    def next(self) -> ArchiveBatch | None:
        """Return the next batch, or None at the end. The first is never None: it holds the channel.

        Raises:
            ImportFileError: If the file is not what it was when it was checked.
        """
        done = weight = 0
        while done < self._size and weight < self._size * _EVENTS_A_MESSAGE:
            raw = next(self._messages, None)
            if raw is None:
                break
            one = self._understood(raw)
            done += 1
            weight += 1 + len(one.reactions)
            if not one.is_notice:
                self._take(one)
        if not (done or self._is_first):
            return None
        batch, self._batch = self._batch, Batch()
        self._is_first = False
        return ArchiveBatch(batch, done, self._stream.position)

    def _understood(self, raw: Any) -> ArchivedMessage:
        try:
            return to_message(raw, self._head)
        except ArchiveValueError:
            raise changed(self._stream.file) from None

    def _take(self, one: ArchivedMessage) -> None:
        batch, message = self._batch, one.message
        batch.create(message)
        batch.added += one.reactions
        batch.counted += one.counted
        batch.complete |= {(message.id, given.emoji) for given in one.reactions}
        self._see(message.author)
        for member in message.mentions:
            self._see(member)
        for given in one.reactions:
            self._see(given.member)

    def _see(self, member: Author) -> None:
        face = member.id, member.role_ids is not None
        if face not in self._sighted:
            self._sighted.add(face)
            sighting = Sighting(member, self._head.server_id, self._seen_at)
            self._batch.sightings.append(sighting)

    def _servers(self) -> list[ServerSeen]:
        head = self._head
        if head.server_id is None:
            return []
        return [ServerSeen(head.server_id, head.server_name, self._seen_at)]

    def _channels(self, checked: CheckedFile) -> list[ChannelSeen]:
        head = self._head
        is_thread = head.kind is ChannelKind.THREAD
        channel = ChannelSeen(
            id=head.channel_id,
            server_id=head.server_id,
            name=head.channel_name,
            kind=head.kind,
            at=self._seen_at,
            parent_id=head.parent_id,
            description=head.description,
            created_at=checked.first_at if is_thread else None,
            creator_id=checked.first_author_id if is_thread else None,
        )
        if head.parent_id is None:
            return [channel]
        parent = ChannelSeen(
            id=head.parent_id,
            server_id=head.server_id,
            name=head.parent_name,
            kind=ChannelKind.TEXT,
            at=HEARD_OF,
        )
        return [parent, channel]


def changed(file: ArchiveFile) -> ImportFileError:
    """Say that a file is not what it was when it was checked."""
    return ImportFileError(
        f"{file.name} changed while it was imported.",
        hint="Import it again once nothing writes to it: what is in already counts once.",
    )
