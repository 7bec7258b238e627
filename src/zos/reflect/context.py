"""What a target's nodes share: what they were given, what they have gathered, what they will commit.

Nodes never write to the database: they add to `Outcome`, and the executor commits that in the
target's one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from zos.core.consent import ConsentView
from zos.core.topics import TopicKey
from zos.insights.model import Insight, InsightDraft
from zos.llm.output import Reflection, SelfConcept
from zos.observe.store import StoredMessage, StoredReaction
from zos.prompts.assembly import Assembled
from zos.reflect.runs.model import LayerRun


@dataclass(frozen=True, slots=True)
class TargetBrief:
    """What a target is told: fixed before its first node.

    Attributes:
        goal: What the layer is to look for, in its author's words.
        now: The run's own time (`layer_run.clock_at`): nothing later may be read.
        last_reflected_at: When the topic was last reflected on, or None.
        self_concept: The text in force, or nothing before the first.
        dry_run: Render and estimate, ask no model, commit nothing.
    """

    run_id: str
    target_id: str
    layer: str
    topic: TopicKey
    now: datetime
    last_reflected_at: datetime | None
    consent: ConsentView
    goal: str = ""
    self_concept: str = ""
    max_run_cost_usd: float | None = None
    dry_run: bool = False


@dataclass(slots=True)
class Gathered:
    """What fetching nodes found, oldest first."""

    messages: list[StoredMessage] = field(default_factory=list)
    reactions: list[StoredReaction] = field(default_factory=list)
    insights: list[Insight] = field(default_factory=list)
    runs: list[LayerRun] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A rendered prompt, kept for previews."""

    node: str
    profile: str
    system: str
    text: str
    estimated_tokens: int
    estimated_cost_usd: float | None


@dataclass(frozen=True, slots=True)
class OutgoingText:
    """One text to deliver after the commit; `key` makes a second delivery recognisable.

    Attributes:
        says: Positions in `Outcome.drafts` of those that it tells of.
    """

    key: str
    destination: str
    payload: dict[str, object]
    says: tuple[int, ...]


@dataclass(slots=True)
class Outcome:
    """What the target will commit, together or not at all.

    Attributes:
        self_concept_insights: The insights that its author was shown.
    """

    drafts: list[InsightDraft] = field(default_factory=list)
    self_concept: SelfConcept | None = None
    self_concept_insights: tuple[str, ...] = ()
    outgoing: list[OutgoingText] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reflected:
    """One answer, and whether it is an extract of its sources instead of a model's words."""

    reflection: Reflection
    extractive: bool


@dataclass(slots=True)
class TargetContext:
    """One target on its way through the nodes.

    Attributes:
        gathered: What fetching nodes have found so far.
        assembled: What may be shown of it; made when a model is first asked.
        reflections: The answers that no node has merged yet.
        outcome: What the target will commit.
        prompts: In a dry run: what would have been asked.
        dry_reason: Why there is nothing (more) to do; empty while there is.
    """

    brief: TargetBrief
    gathered: Gathered = field(default_factory=Gathered)
    assembled: Assembled | None = None
    reflections: list[Reflected] = field(default_factory=list)
    outcome: Outcome = field(default_factory=Outcome)
    prompts: list[Prompt] = field(default_factory=list)
    dry_reason: str = ""
