"""What an insight is, before and after it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from zos.core.scopes import Scope
from zos.core.topics import TopicKey


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
        lines: Its statements; never empty, each with sources.
        method: Model or extractive.
        confidence: 0..1, as are `importance` and `novelty`.
        strength_adjustment: Factor on the salience spent; the product is clipped to 0.1..10.
        valence: Feelings 0..1, or None where the method has none.
        open_questions: Questions left open.
        scope: The strictest of the sources' scopes.
        quoted_member_ids: Members whose words stand in it.
        named_member_ids: Members who are named in it.
        subject: A subject that the text names, to become a topic (at most one a reflection), with its message ids.
        supersedes: The insight that this one replaces.
        conflicts_with: Insights that this one contradicts.
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

    @property
    def content(self) -> str:
        """The statements, one a line."""
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Insight:
    """A stored insight. `strength` is 0.1..10; `seq` is its position in time of storing."""

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
    sources: tuple[InsightLine, ...] = field(default=())
