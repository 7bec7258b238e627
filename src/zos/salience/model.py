"""The words of the salience room. Amounts are whole micro-salience (`MICRO` to the point) everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zos.core.topics import TopicKey


class EntryKind(StrEnum):
    """Why a ledger row changed a balance."""

    MESSAGE = "message"
    REPLY = "reply"
    MENTION = "mention"
    REACTION = "reaction"
    EMOJI = "emoji"  # a custom emoji within a message
    THREAD = "thread"
    SUBJECT = "subject"
    ROLE_MENTION = "role_mention"
    DIRECT_MESSAGE = "direct_message"
    AGENT_MENTION = "agent_mention"
    PROPAGATED = "propagated"  # a part of what a related topic earned
    SPILLED = "spilled"  # a part of what a related topic's cap cut off
    DECAY = "decay"
    SPENT = "spent"
    RESET = "reset"  # what was left after spending
    RETAINED = "retained"  # what a reflection leaves behind


@dataclass(frozen=True, slots=True)
class Booked:
    """What one call of `SalienceLedger.book` changed, in counts."""

    activities: int
    topics_created: int
    topics_changed: int
    entries: int


@dataclass(frozen=True, slots=True)
class SpendResult:
    """What one reflection took from its topic and left with it, in micro-salience."""

    spent_micro: int
    retained_micro: int


@dataclass(frozen=True, slots=True)
class TopicView:
    """A topic as it is stored. `balance_micro` holds decay up to the last evaluation."""

    id: int
    key: TopicKey
    balance_micro: int
    new_material: int
    insight_count: int
    last_activity_at: datetime
    last_reflected_at: datetime | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One row of the ledger: `amount_micro` is signed, `at` is the time of the row's last event."""

    id: int
    kind: EntryKind
    amount_micro: int
    at: datetime
    batch: str
    run_id: str | None


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A topic whose balance is not the sum of its ledger rows: a fault."""

    topic_key: str
    balance_micro: int
    ledger_micro: int


@dataclass(frozen=True, slots=True)
class PastSelection:
    """How one run's selection decided about a topic, in words."""

    run_id: str
    layer: str
    at: datetime
    balance_micro: int
    chosen: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why a topic is, or is not, thought about.

    Attributes:
        topic: None if it never came into being.
        reasons: What stands in the way now, a sentence each; empty when nothing does.
        ahead: How many topics of its category and server come before it; None if something stands
            in its way.
        entries: The newest rows of its ledger.
        selections: The newest decisions about it.
    """

    key: TopicKey
    topic: TopicView | None
    reasons: tuple[str, ...]
    ahead: int | None
    entries: tuple[LedgerEntry, ...]
    selections: tuple[PastSelection, ...]
