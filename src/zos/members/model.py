"""What members' rights answer with. Frozen, and fit for JSON: Discord's ids become strings there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema

from zos.core.consent import ConsentMode, ConsentState
from zos.core.scopes import Scope
from zos.insights.model import InsightStatus, Method

IN_DIGITS = WithJsonSchema(
    {"type": "string", "pattern": "^[0-9]{1,19}$", "examples": ["381870553235193857"]}
)
"""How a description tells one of Discord's ids: as a string, since JavaScript's numbers do not hold it."""
Snowflake = Annotated[int, PlainSerializer(str, return_type=str, when_used="json"), IN_DIGITS]
"""One of Discord's ids; in JSON a string."""


@dataclass(frozen=True, slots=True)
class ConsentStanding:
    """What a member said, and whether they may be thought about.

    Attributes:
        mode: What silence means.
        state: What they said; None: nothing.
        allowed: Whether they may be thought about now, by what they said, by silence or by role.
        recorded_by: `member`, `operator`, `file:<name>`.
    """

    mode: ConsentMode
    state: ConsentState | None
    allowed: bool
    recorded_at: datetime | None
    recorded_by: str | None


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """What recording a consent changed.

    Attributes:
        changed: False if a record as new as this one said so already.
        quarantined: Insights that are not shown any more.
        restored: Insights that are shown again.
    """

    member_id: Snowflake
    standing: ConsentStanding
    changed: bool
    quarantined: int
    restored: int


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure and its receipt.

    Attributes:
        requested_by: Who asked for it: `member`, or an operator's name.
        completed_at: None: it is still under way (see `pending`).
        receipt: What went, counted by kind.
        pending: Why it is not complete yet; empty once it is.
    """

    id: str
    member_id: Snowflake
    requested_at: datetime
    requested_by: str
    completed_at: datetime | None
    receipt: Mapping[str, int]
    pending: str = ""


@dataclass(frozen=True, slots=True)
class Presence:
    """A server that a member was seen in, with the roles they hold there."""

    server_id: Snowflake
    server: str
    role_ids: tuple[Snowflake, ...]


@dataclass(frozen=True, slots=True)
class ChannelCount:
    """A member's messages in one channel; `server_id` is None for direct messages."""

    channel_id: Snowflake
    channel: str
    server_id: Snowflake | None
    messages: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class MessageCounts:
    """A member's stored messages, `direct` of them in private, by channel, most first."""

    total: int
    direct: int
    first_at: datetime | None
    last_at: datetime | None
    channels: tuple[ChannelCount, ...]

    @classmethod
    def of(cls, channels: tuple[ChannelCount, ...]) -> MessageCounts:
        """Add up `channels`."""
        return cls(
            total=sum(one.messages for one in channels),
            direct=sum(one.messages for one in channels if one.server_id is None),
            first_at=min((one.first_at for one in channels), default=None),
            last_at=max((one.last_at for one in channels), default=None),
            channels=channels,
        )


@dataclass(frozen=True, slots=True)
class TopicStanding:
    """A topic that is about the member, and the attention it holds."""

    key: str
    title: str
    balance: float
    new_material: int
    insight_count: int
    last_activity_at: datetime
    last_reflected_at: datetime | None


@dataclass(frozen=True, slots=True)
class SourceMessage:
    """A message that a statement rests on.

    Attributes:
        is_own: The member wrote it.
        text: Its text if the member wrote it; other people's words are behind `link` only.
        link: Where it stands on Discord.
    """

    id: Snowflake
    server_id: Snowflake | None
    channel_id: Snowflake
    channel: str
    at: datetime
    is_own: bool
    text: str | None
    link: str


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A statement of an insight and what it rests on, oldest first.

    Attributes:
        gone_message_ids: Messages that are stored no more.
        insight_ids: Insights that it rests on.
    """

    text: str
    messages: tuple[SourceMessage, ...]
    gone_message_ids: tuple[Snowflake, ...]
    insight_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownInsight:
    """An insight that has to do with the member.

    Attributes:
        roles: How: `about`, `named`, `quoted`, or `source` (it rests on a message of theirs).
        withheld: Why its statements are not shown; empty: they are.
        lines: Its statements; empty where they are withheld.
    """

    id: str
    topic: str
    title: str
    server_id: Snowflake | None
    layer: str
    created_at: datetime
    status: InsightStatus
    scope: Scope
    method: Method
    confidence: float
    importance: float
    roles: tuple[str, ...]
    withheld: str
    lines: tuple[KnownLine, ...]
    open_questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KnownCall:
    """A model call whose prompt held words of the member. The words themselves are not kept."""

    id: str
    layer: str
    node: str
    model: str
    called_at: datetime
    outcome: str
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """What a member holds against an insight, in their words."""

    id: str
    insight_id: str
    member_id: Snowflake
    text: str
    disputed_at: datetime
    disputed_by: str


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member in a list."""

    id: Snowflake
    name: str
    display_name: str
    is_bot: bool
    messages: int
    last_message_at: datetime | None
    state: ConsentState | None
    allowed: bool


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is known about a member; long lists are cut to their newest.

    Attributes:
        name: As on Discord; None for somebody whom only a consent or an erasure names.
        global_name: What they call themselves everywhere; None if nothing, or none was seen.
        mentions: Stored messages of others that mention them.
        insights: The newest, of `insights_total`.
        insights_next: The cursor of those that come behind them; None: there are none.
        model_calls: The newest, of `model_calls_total`.
    """

    id: Snowflake
    name: str | None
    display_name: str | None
    global_name: str | None
    is_bot: bool
    consent: ConsentStanding
    erasure: Erasure | None
    servers: tuple[Presence, ...]
    messages: MessageCounts
    reactions_given: int
    reactions_received: int
    mentions: int
    topics: tuple[TopicStanding, ...]
    insights: tuple[KnownInsight, ...]
    insights_next: str | None
    insights_total: int
    model_calls: tuple[KnownCall, ...]
    model_calls_total: int
    disputes: tuple[Dispute, ...]
