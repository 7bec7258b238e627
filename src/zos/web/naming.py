"""What kinds of things are called on pages, in the words of people. Pure."""

from __future__ import annotations

from zos.core.scopes import Scope
from zos.core.topics import TopicCategory
from zos.insights.model import InsightStatus
from zos.llm.call import CallOutcome
from zos.salience.model import EntryKind

KINDS: dict[TopicCategory, str] = {
    TopicCategory.USER: "person",
    TopicCategory.DYAD: "pair",
    TopicCategory.CHANNEL: "channel",
    TopicCategory.THREAD: "thread",
    TopicCategory.USER_IN_CHANNEL: "person in a channel",
    TopicCategory.DYAD_IN_CHANNEL: "pair in a channel",
    TopicCategory.SUBJECT: "subject",
    TopicCategory.EMOJI: "emoji",
    TopicCategory.ROLE: "role",
    TopicCategory.SELF: "Zos itself",
}

CHANGES: dict[EntryKind, str] = {
    EntryKind.MESSAGE: "a message",
    EntryKind.REPLY: "a reply",
    EntryKind.MENTION: "a mention",
    EntryKind.REACTION: "a reaction",
    EntryKind.EMOJI: "an emoji in a message",
    EntryKind.THREAD: "a new thread",
    EntryKind.SUBJECT: "a subject was named",
    EntryKind.ROLE_MENTION: "a role was mentioned",
    EntryKind.DIRECT_MESSAGE: "a direct message",
    EntryKind.AGENT_MENTION: "Zos was mentioned",
    EntryKind.PROPAGATED: "passed on by a related topic",
    EntryKind.SPILLED: "spilled over from a full topic",
    EntryKind.DECAY: "decay",
    EntryKind.SPENT: "spent on a reflection",
    EntryKind.RESET: "the rest, let go after a reflection",
    EntryKind.RETAINED: "kept from a reflection",
}

SCOPES: dict[Scope, str] = {
    Scope.PUBLIC: "said in public",
    Scope.DERIVED: "derived from other insights",
}

STATUSES: dict[InsightStatus, str] = {
    InsightStatus.ACTIVE: "in force",
    InsightStatus.SUPERSEDED: "superseded",
    InsightStatus.REVIEW: "under review",
}
"""What can be asked for: what is under quarantine is never shown."""

CALL_OUTCOMES: dict[CallOutcome, str] = {
    CallOutcome.OK: "answered",
    CallOutcome.RESERVED: "under way",
    CallOutcome.INVALID: "no valid answer",
    CallOutcome.REFUSED: "refused",
    CallOutcome.ERROR: "failed",
    CallOutcome.TIMEOUT: "took too long",
    CallOutcome.LOST: "given up, or lost with its process",
}
