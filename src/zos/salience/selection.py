"""What a fire asks of the selector, and what it is answered. Pure."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from zos.core.consent import ConsentView
from zos.core.topics import BudgetGroup, TopicCategory, TopicKey
from zos.salience.target_filter import TargetFilter


@dataclass(frozen=True, slots=True)
class SelectionRequest:
    """What a fire wants.

    Attributes:
        layer: Its name, for the record.
        categories: What it thinks about.
        consent: Who may be thought about, now.
        now: The run's clock; nothing later is seen.
        day_start: When the local day of `now` began; aware.
        target_filter: Further conditions.
        max_targets: At most so many topics.
        estimated_tokens_per_target: In and out; a topic costs this × `salience.spend_per_token`.
        global_only: True: global topics; False: topics of servers; None: both.
        groups_with_layers: Budget groups that an enabled layer serves; the others lend their shares.
    """

    layer: str
    categories: frozenset[TopicCategory]
    consent: ConsentView
    now: datetime
    day_start: datetime
    target_filter: TargetFilter = field(default_factory=lambda: TargetFilter.parse(""))
    max_targets: int = 10
    estimated_tokens_per_target: int = 0
    global_only: bool | None = None
    groups_with_layers: AbstractSet[BudgetGroup] = frozenset(BudgetGroup)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chosen topic."""

    key: TopicKey
    balance_micro: int
    last_reflected_at: datetime | None
    new_material: int
    estimated_tokens: int


@dataclass(frozen=True, slots=True)
class Considered:
    """A topic that was looked at, and in words why it was chosen or not."""

    key: TopicKey
    balance_micro: int
    chosen: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Selected:
    """The outcome.

    Attributes:
        candidates: The chosen topics, in order.
        considered: The same, then up to 200 others that were looked at.
        explanation: The budget, or why there was nothing to choose from.
    """

    candidates: tuple[Candidate, ...]
    considered: tuple[Considered, ...]
    explanation: str
