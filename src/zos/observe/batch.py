"""A batch of events, sorted by what must be done about them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from zos.observe.events import (
    AgentSeen,
    Author,
    ChannelSeen,
    Emoji,
    Event,
    MemberUpdated,
    MessageCreated,
    MessageEdited,
    MessagesDeleted,
    ReactionAdded,
    ReactionRemoved,
    ReactionsCleared,
    ReactionsCounted,
    ServerLeft,
    ServerSeen,
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A member as an event showed them, in `server_id` (None: outside any), at `at`."""

    member: Author
    server_id: int | None
    at: datetime


@dataclass(slots=True)
class Batch:
    """What a batch asks for.

    Attributes:
        messages: By id; of the same message told twice, the first telling. One that was deleted
            earlier in the batch is not created again.
        edits: Newer texts, also those of messages that were told again after an edit.
        deleted_at: By message id; the first time.
        complete: Messages and emoji whose reactions are all told (archives).
    """

    servers: list[ServerSeen] = field(default_factory=list)
    left: list[ServerLeft] = field(default_factory=list)
    channels: list[ChannelSeen] = field(default_factory=list)
    agents: list[AgentSeen] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    messages: dict[int, MessageCreated] = field(default_factory=dict)
    edits: list[MessageEdited] = field(default_factory=list)
    deleted_at: dict[int, datetime] = field(default_factory=dict)
    added: list[ReactionAdded] = field(default_factory=list)
    removed: list[ReactionRemoved] = field(default_factory=list)
    cleared: list[ReactionsCleared] = field(default_factory=list)
    counted: list[ReactionsCounted] = field(default_factory=list)
    complete: set[tuple[int, Emoji]] = field(default_factory=set)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Batch:
        """Sort `events`, which are in the order in which they happened."""
        batch = cls()
        plain: dict[type[Any], list[Any]] = {
            ServerSeen: batch.servers,
            ServerLeft: batch.left,
            ChannelSeen: batch.channels,
            ReactionRemoved: batch.removed,
            ReactionsCleared: batch.cleared,
            ReactionsCounted: batch.counted,
        }
        for event in events:
            match event:
                case MessageCreated():
                    batch.create(event)
                    batch._see(event.created_at, event.server_id, event.author, *event.mentions)
                case MessageEdited():
                    batch.edits.append(event)
                    batch._see(event.edited_at, event.server_id, *event.mentions)
                case MessagesDeleted():
                    for message_id in event.message_ids:
                        batch.deleted_at.setdefault(message_id, event.at)
                case ReactionAdded():
                    batch.added.append(event)
                    if event.member.name:
                        batch._see(event.at, event.server_id, event.member)
                case MemberUpdated():
                    batch._see(event.at, event.server_id, event.member)
                case AgentSeen():
                    batch.agents.append(event)
                    batch._see(event.at, None, event.member)
                case _:
                    plain[type(event)].append(event)
        return batch

    def create(self, message: MessageCreated) -> None:
        """Take in a message; its second telling counts only as the edit that it may hold."""
        if message.id in self.deleted_at:
            return
        if self.messages.setdefault(message.id, message) is not message:
            self.edits += as_edits([message])

    def _see(self, at: datetime, server_id: int | None, *members: Author) -> None:
        self.sightings += [Sighting(member, server_id, at) for member in members]


def as_edits(messages: Iterable[MessageCreated]) -> list[MessageEdited]:
    """Return the edits that tellings of known messages hold."""
    return [
        MessageEdited(
            id=one.id,
            server_id=one.server_id,
            content=one.content,
            edited_at=one.edited_at,
            mentions=one.mentions,
            role_ids=one.role_ids,
            emoji=one.emoji,
            has_attachments=one.has_attachments,
        )
        for one in messages
        if one.edited_at is not None
    ]
