"""What can happen in a community, as frozen facts: what the Discord client and the archives both say.

Ids are Discord's, times are aware. An event carries what it was told; `zos.observe.content` derives
the rest from the text, so that live and imported messages are read the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ChannelKind(StrEnum):
    """What kind of place messages stand in."""

    TEXT = "text"
    THREAD = "thread"
    DM = "dm"


@dataclass(frozen=True, slots=True)
class Author:
    """A member as a payload shows them.

    Attributes:
        display_name: The nickname in the server, else the global name.
        role_ids: Their roles in the event's server; None where the payload does not say.
        global_name: What they call themselves everywhere; None if nothing, or the payload does not say.
    """

    id: int
    name: str
    display_name: str
    is_bot: bool = False
    role_ids: tuple[int, ...] | None = None
    global_name: str | None = None


@dataclass(frozen=True, slots=True)
class Emoji:
    """A Unicode emoji (`name` is the character), or with an `id` a custom one."""

    name: str
    id: int | None = None

    @property
    def key(self) -> str:
        """What tells one emoji from another on a message."""
        return self.name if self.id is None else str(self.id)


@dataclass(frozen=True, slots=True)
class MessageCreated:
    """A message was written.

    Attributes:
        server_id: None for a direct message.
        edited_at: Where the text is not the first any more.
        reply_to_id: The message it answers.
        reply_to_author_id: That message's author, where the payload says so.
        mentions: Members it mentions.
        role_ids: Roles it mentions, as far as the payload says so.
        emoji: Custom emoji it uses, as far as the payload says so.
        has_attachments: It has an attachment or an embed.
    """

    id: int
    server_id: int | None
    channel_id: int
    author: Author
    created_at: datetime
    content: str
    edited_at: datetime | None = None
    reply_to_id: int | None = None
    reply_to_author_id: int | None = None
    mentions: tuple[Author, ...] = ()
    role_ids: tuple[int, ...] = ()
    emoji: tuple[Emoji, ...] = ()
    has_attachments: bool = False


@dataclass(frozen=True, slots=True)
class MessageEdited:
    """A message's text was replaced. Attributes as in `MessageCreated`."""

    id: int
    server_id: int | None
    content: str
    edited_at: datetime
    mentions: tuple[Author, ...] = ()
    role_ids: tuple[int, ...] = ()
    emoji: tuple[Emoji, ...] = ()
    has_attachments: bool = False


@dataclass(frozen=True, slots=True)
class MessagesDeleted:
    """One message, or several at once, were deleted."""

    message_ids: tuple[int, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ReactionAdded:
    """A member reacted to a message of `server_id` (None: a direct message).

    Attributes:
        member: Without a name where the payload does not say it.
    """

    message_id: int
    server_id: int | None
    emoji: Emoji
    member: Author
    at: datetime


@dataclass(frozen=True, slots=True)
class ReactionsCounted:
    """A source that does not say who reacted says how many did."""

    message_id: int
    emoji: Emoji
    count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ReactionRemoved:
    """A member took a reaction back."""

    message_id: int
    emoji: Emoji
    member_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ReactionsCleared:
    """All reactions of a message were removed, or all with one emoji."""

    message_id: int
    at: datetime
    emoji: Emoji | None = None


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A channel, thread or direct conversation was created, changed or found.

    Attributes:
        server_id: None for a direct conversation.
        parent_id: A thread's channel.
        at: When it was like this.
        created_at: Threads: when it was opened, where known.
        creator_id: Threads: who opened it, where known.
    """

    id: int
    server_id: int | None
    name: str
    kind: ChannelKind
    at: datetime
    parent_id: int | None = None
    description: str = ""
    created_at: datetime | None = None
    creator_id: int | None = None


@dataclass(frozen=True, slots=True)
class MemberUpdated:
    """A member's names or roles in a server changed; who left it has no roles there."""

    member: Author
    server_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class AgentSeen:
    """The client logged in: this member is Zos itself."""

    member: Author
    at: datetime


@dataclass(frozen=True, slots=True)
class ServerSeen:
    """A server was joined, renamed or found."""

    id: int
    name: str
    at: datetime
    joined_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServerLeft:
    """Zos is no longer in a server."""

    id: int
    at: datetime


Event = (
    MessageCreated
    | MessageEdited
    | MessagesDeleted
    | ReactionAdded
    | ReactionsCounted
    | ReactionRemoved
    | ReactionsCleared
    | ChannelSeen
    | MemberUpdated
    | AgentSeen
    | ServerSeen
    | ServerLeft
)
