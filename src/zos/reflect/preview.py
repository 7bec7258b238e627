"""What a layer would do now: its topics, its prompts and what they would cost. Nothing is asked or written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from zos.config.model import OutputConfig
from zos.core.topics import TopicKey
from zos.reflect.attempt import Attempts
from zos.reflect.context import Prompt
from zos.reflect.destinations import withheld
from zos.reflect.layer import Layer
from zos.salience.selector import Selected


@dataclass(frozen=True, slots=True)
class PreviewedTarget:
    """One topic of a preview.

    Attributes:
        prompts: What a model would be asked.
        dry_reason: Why it would not be asked; empty if it would.
    """

    topic: TopicKey
    prompts: tuple[Prompt, ...]
    dry_reason: str

    @property
    def tokens(self) -> int:
        """Estimated tokens, in and out, at most."""
        return sum(prompt.estimated_tokens for prompt in self.prompts)

    @property
    def cost_usd(self) -> float | None:
        """Estimated US dollars, at most; None where a price is not known."""
        costs = [prompt.estimated_cost_usd for prompt in self.prompts]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None


@dataclass(frozen=True, slots=True)
class Preview:
    """A run that does not happen.

    Attributes:
        withheld: Why texts would not leave that its nodes would send.
    """

    layer: str
    at: datetime
    selected: Selected
    targets: tuple[PreviewedTarget, ...]
    withheld: tuple[str, ...]


async def preview(
    attempts: Attempts, layer: Layer, selected: Selected, output: OutputConfig, *, now: datetime
) -> Preview:
    """Rehearse `layer` on what was selected, one topic after the other."""
    targets = []
    for candidate in selected.candidates:
        context = await attempts.rehearse(layer, candidate.key, now=now)
        targets.append(PreviewedTarget(candidate.key, tuple(context.prompts), context.dry_reason))
    refused = tuple(map(str, withheld(layer, output)))
    return Preview(layer.name, now, selected, tuple(targets), refused)
