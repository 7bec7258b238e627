"""A rehearsed run as it is shown: topics with a reason each, prompts, and what they would cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zos.db.tables import MICRO
from zos.reflect.preview import Preview, PreviewedTarget
from zos.views.runs import ConsideredView


@dataclass(frozen=True, slots=True)
class PromptView:
    """What a model would be asked by one node. Estimates are upper bounds."""

    node: str
    profile: str
    system: str
    text: str
    estimated_tokens: int
    estimated_cost_usd: float | None


@dataclass(frozen=True, slots=True)
class PreviewTargetView:
    """One topic of a rehearsal.

    Attributes:
        dry_reason: Why no model would be asked; empty if one would.
    """

    topic: str
    dry_reason: str
    prompts: tuple[PromptView, ...]


@dataclass(frozen=True, slots=True)
class PreviewView:
    """A run that does not happen.

    Attributes:
        explanation: How the budget was shared out.
        estimated_tokens: Of all prompts and answers, at most.
        estimated_cost_usd: In US dollars, at most; None where a price is not known.
        withheld: Why texts would not leave that the layer would send, with the key that lets them.
    """

    layer: str
    at: datetime
    explanation: str
    selection: tuple[ConsideredView, ...]
    targets: tuple[PreviewTargetView, ...]
    estimated_tokens: int
    estimated_cost_usd: float | None
    withheld: tuple[str, ...]


def preview_view(preview: Preview) -> PreviewView:
    """Return `preview` as it is shown."""
    costs = [target.cost_usd for target in preview.targets]
    known = [cost for cost in costs if cost is not None]
    return PreviewView(
        layer=preview.layer,
        at=preview.at,
        explanation=preview.selected.explanation,
        selection=tuple(
            ConsideredView(str(one.key), one.balance_micro / MICRO, one.chosen, one.reason)
            for one in preview.selected.considered
        ),
        targets=tuple(map(_target, preview.targets)),
        estimated_tokens=sum(target.tokens for target in preview.targets),
        estimated_cost_usd=sum(known) if len(known) == len(costs) else None,
        withheld=preview.withheld,
    )


def _target(target: PreviewedTarget) -> PreviewTargetView:
    prompts = tuple(
        PromptView(
            node=prompt.node,
            profile=prompt.profile,
            system=prompt.system,
            text=prompt.text,
            estimated_tokens=prompt.estimated_tokens,
            estimated_cost_usd=prompt.estimated_cost_usd,
        )
        for prompt in target.prompts
    )
    return PreviewTargetView(str(target.topic), target.dry_reason, prompts)
