"""What happens in a channel while a page of its past is on its way, to be told again after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from zos.observe.events import (
    Event,
    MessageEdited,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
)

# Of a message that is not stored yet, the store forgets these. A deletion it remembers.
_FORGOTTEN = (MessageEdited, ReactionAdded, ReactionRemoved, ReactionsCleared)


class Overheard:
    """Notes of channels that somebody listens to.

    A page may show a message as it was before an edit, and reach the store after that edit. Told
    once more behind the page, the edit counts; told twice, it changes nothing.
    """

    def __init__(self) -> None:
        self._notes: dict[int, list[list[Event]]] = {}

    def note(self, channel_id: int, events: Sequence[Event]) -> None:
        """Take note of what happened in a channel."""
        for notes in self._notes.get(channel_id, ()):
            notes += [event for event in events if isinstance(event, _FORGOTTEN)]

    @contextmanager
    def listening(self, channel_id: int) -> Iterator[list[Event]]:
        """Listen to a channel for the length of a block; the list grows meanwhile."""
        notes: list[Event] = []
        listeners = self._notes.setdefault(channel_id, [])
        listeners.append(notes)
        try:
            yield notes
        finally:
            listeners[:] = [one for one in listeners if one is not notes]
            if not listeners:
                self._notes.pop(channel_id, None)
