"""What an insight is, before and after it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from zos.core.errors import InsightError
from zos.core.scopes import Scope
from zos.core.topics import TopicCategory, TopicKey


class Method(StrEnum):
    """How an insight came about."""

    MODEL = "model"
    EXTRACTIVE = "extractive"


class InsightStatus(StrEnum):
    """Whether an insight may be recalled and shown."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    QUARANTINED = "quarantined"  # a member it is about or quotes has no consent (any more)
    REVIEW = "review"  # a source was deleted or disputed: to be examined again


class MemberRole(StrEnum):
    """What a member has to do with an insight."""

    ABOUT = "about"
    NAMED = "named"
    QUOTED = "quoted"


class Valence(StrEnum):
    """The ten feelings that an insight may carry, each 0..1."""

    JOY = "joy"
    CONCERN = "concern"
    CURIOSITY = "curiosity"
    WARMTH = "warmth"
    TENSION = "tension"
    AWE = "awe"
    GRIEF = "grief"
    LONGING = "longing"
    PEACE = "peace"
    GRATITUDE = "gratitude"


@dataclass(frozen=True, slots=True)
class InsightLine:
    """One statement and what it rests on: at least one message or insight.

    Attributes:
        text: One line, without a line break.
        message_ids: Messages that back it.
        insight_ids: Insights that back it.
    """

    text: str
    message_ids: tuple[int, ...] = ()
    insight_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InsightDraft:
    """An insight that a target's pipeline made and that its one transaction will store.

    Attributes:
        topic: What it is about.
        lines: Its statements: at least one, each a single line of text with its sources.
        method: Model or extractive.
        confidence: 0..1, as are `importance` and `novelty`.
        strength_adjustment: Factor on the salience spent; the product is clipped to 0.1..10.
        valence: Feelings 0..1, or None where the method has none.
        open_questions: Questions left open.
        scope: The strictest of the sources' scopes.
        quoted_member_ids: Members whose words stand in it.
        named_member_ids: Members who are named in it.
        subject: A subject that the text names, to become a topic (at most one a reflection), with its message ids.
        supersedes: The insight about the same topic that this one replaces.
        conflicts_with: Insights that this one contradicts.

    Raises:
        InsightError: If a statement is not one line of text with a source, or a number is out of range.
    """

    topic: TopicKey
    lines: tuple[InsightLine, ...]
    method: Method
    confidence: float
    importance: float
    novelty: float
    scope: Scope
    strength_adjustment: float = 1.0
    valence: dict[Valence, float] | None = None
    open_questions: tuple[str, ...] = ()
    quoted_member_ids: frozenset[int] = frozenset()
    named_member_ids: frozenset[int] = frozenset()
    subject: str | None = None
    subject_message_ids: tuple[int, ...] = ()
    supersedes: str | None = None
    conflicts_with: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.lines:
            raise InsightError("An insight needs a statement.")
        for line in self.lines:
            if not line.text.strip() or "\n" in line.text:
                raise InsightError("An insight's statement is one line of text.")
            if not line.message_ids and not line.insight_ids:
                raise InsightError("An insight's statement needs a source.")
        for part in (
            self.confidence,
            self.importance,
            self.novelty,
            *(self.valence or {}).values(),
        ):
            if not 0.0 <= part <= 1.0:
                raise InsightError(f"An insight's numbers are between 0 and 1, not {part}.")

    @property
    def content(self) -> str:
        """The statements, one a line."""
        return "\n".join(line.text for line in self.lines)

    @property
    def members(self) -> frozenset[tuple[int, MemberRole]]:
        """Whom it is about, names or quotes."""
        by_role = {
            MemberRole.ABOUT: self.topic.members,
            MemberRole.NAMED: self.named_member_ids,
            MemberRole.QUOTED: self.quoted_member_ids,
        }
        return frozenset((one, role) for role, some in by_role.items() for one in some)


@dataclass(frozen=True, slots=True)
class Insight:
    """A stored insight.

    Attributes:
        seq: Its position in time of storing.
        strength: 0.1..10.
        member_ids: Members whom it is about, names or quotes.
        sources: Its statements with what they rest on; empty where they were not asked for.
    """

    seq: int
    id: str
    topic: TopicKey
    server_id: int | None
    layer: str
    run_id: str
    created_at: datetime
    content: str
    method: Method
    confidence: float
    importance: float
    novelty: float
    strength: float
    valence: dict[Valence, float] | None
    open_questions: tuple[str, ...]
    scope: Scope
    status: InsightStatus
    supersedes: str | None
    conflicts_with: tuple[str, ...]
    member_ids: frozenset[int] = frozenset()
    sources: tuple[InsightLine, ...] = ()


@dataclass(frozen=True, slots=True)
class InsightFilter:
    """Which insights to list; None: any.

    Attributes:
        since: Only those of this moment or later.
    """

    topic: TopicKey | None = None
    category: TopicCategory | None = None
    layer: str | None = None
    server_id: int | None = None
    status: InsightStatus | None = None
    run_id: str | None = None
    since: datetime | None = None
