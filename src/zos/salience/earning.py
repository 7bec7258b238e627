"""The facts of earning: an observed `Activity`, and an `Earning` of one topic. `Earner` makes one of the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from zos.core.topics import TopicKey
from zos.salience.model import EntryKind

UNKNOWN_MEMBER = 0
"""The author of reactions of which an archive does not say whose they are."""


class ActivityKind(StrEnum):
    """What happened."""

    MESSAGE = "message"
    REACTION = "reaction"
    THREAD_CREATED = "thread_created"


@dataclass(frozen=True, slots=True)
class Activity:
    """One observed event, as far as it earns salience.

    Bots may stand anywhere in it: the ledger knows them from the member table and leaves them out.

    Attributes:
        id: The message (of a reaction: the message reacted to), or the created thread.
        at: When it happened; aware.
        server_id: None for a direct message.
        channel_id: Where it happened: the channel, or the thread itself.
        author_id: Who wrote, reacted or created; `UNKNOWN_MEMBER` where the archive does not say.
        is_thread: Whether `channel_id` is a thread.
        parent_id: The thread's channel, if it is one.
        reply_to_author_id: Whose message a reply answers, if known.
        mention_ids: Members whom the message names.
        target_author_id: Reactions: who wrote the message reacted to.
        has_media: Whether the message has an attachment, an embed or a link.
        emoji_ids: Custom emoji that the message uses, or the one reacted with.
        role_ids: Roles that the message names.
        subject_names: The server's existing subjects that the text names (`subjects_in`).
        count: Reactions: how many, where the archive does not say who.
    """

    kind: ActivityKind
    id: int
    at: datetime
    server_id: int | None
    channel_id: int
    author_id: int
    author_is_bot: bool = False
    is_thread: bool = False
    parent_id: int | None = None
    reply_to_author_id: int | None = None
    mention_ids: tuple[int, ...] = ()
    target_author_id: int | None = None
    has_media: bool = False
    emoji_ids: tuple[int, ...] = ()
    role_ids: tuple[int, ...] = ()
    subject_names: tuple[str, ...] = ()
    count: int = 1

    @property
    def people(self) -> tuple[int, ...]:
        """Every member who stands in it, in any part."""
        others = (self.reply_to_author_id, self.target_author_id)
        return (self.author_id, *self.mention_ids, *(one for one in others if one is not None))


class Earning(NamedTuple):
    """What one event earns directly for one topic: `micro` salience and `material` units."""

    key: TopicKey
    micro: int
    kind: EntryKind
    material: int
