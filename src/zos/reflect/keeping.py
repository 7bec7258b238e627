"""What nodes that keep insights share: which reflections are worth keeping, and what was said before.

In: a target's reflections. Out: drafts in its outcome, or the reason why there is none.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from typing import ClassVar

from pydantic import Field

from zos.core.topics import TopicKey
from zos.insights.model import Insight, InsightDraft
from zos.reflect.context import TargetContext
from zos.reflect.drafting import draft
from zos.reflect.finding import assembled
from zos.reflect.node import Node
from zos.reflect.tools import NodeTools
from zos.reflect.words import alike

NO_EVIDENCE = "no statement rests on anything that may be used"


class OnSimilar(StrEnum):
    """What becomes of a draft that says what an insight said already."""

    DROP = "drop"
    SUPERSEDE = "supersede"
    KEEP = "keep"


class KeepingNode(Node, ABC):
    """A node that drafts insights."""

    needs_reflections: ClassVar[bool] = True
    commits: ClassVar[bool] = True

    min_confidence: float = Field(
        0.0, ge=0, le=1, description="Reflections less sure than this are left"
    )
    min_importance: float = Field(
        0.0, ge=0, le=1, description="Reflections less important than this are left"
    )
    on_similar: OnSimilar = Field(
        OnSimilar.DROP,
        description="A draft much like a recent insight: drop it, supersede the old one, or keep both",
    )
    similar_above: float = Field(
        0.8, gt=0, le=1, description="Share of words in common from which two are alike"
    )
    compare_with: int = Field(
        10, ge=0, le=200, description="So many newest insights about the topic are compared"
    )

    async def keep(self, context: TargetContext, tools: NodeTools, topic: TopicKey) -> None:
        """Add a draft about `topic` for each reflection worth it; the target is dry if none is."""
        everything = await assembled(context, tools)
        recent = await tools.insights.recent(
            topic, until=context.brief.now, limit=self.compare_with
        )
        reasons: list[str] = []
        for reflected in context.reflections:
            made = draft(reflected, everything, topic)
            reason = NO_EVIDENCE if made is None else self._objection(made)
            if made is not None and not reason:
                made, reason = self._compared(made, recent)
            if made is None or reason:
                reasons.append(reason)
            else:
                context.outcome.drafts.append(made)
        if reasons and not context.outcome.drafts:
            context.dry_reason = reasons[0]

    def _objection(self, made: InsightDraft) -> str:
        if made.confidence < self.min_confidence:
            return f"confidence {made.confidence:.2f} is below {self.min_confidence:.2f}"
        if made.importance < self.min_importance:
            return f"importance {made.importance:.2f} is below {self.min_importance:.2f}"
        return ""

    def _compared(self, made: InsightDraft, recent: Sequence[Insight]) -> tuple[InsightDraft, str]:
        """Return the draft, superseding what it repeats if so wanted, or why it is dropped."""
        same = next(
            (one for one in recent if alike(made.content, one.content) >= self.similar_above), None
        )
        if same is None or self.on_similar is OnSimilar.KEEP:
            return made, ""
        if self.on_similar is OnSimilar.SUPERSEDE:
            return replace(made, supersedes=same.id), ""
        return made, f"it says what insight {same.id} said"
