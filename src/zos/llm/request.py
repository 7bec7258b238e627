"""What is asked of a model and what comes back, whatever the provider.

A request carries the prompt (for language models) and the same content as `Material` (for the
offline digest, which reads no prompts). Both refer to messages and insights by short references
(`m1`, `i1`), so that an answer can cite only what it was shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel

Output = TypeVar("Output", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class MaterialItem:
    """One message or insight as it may be shown to a model.

    Attributes:
        ref: `m<n>` for a message, `i<n>` for an insight; unique in its material.
        speaker: The label shown: a consenting member's name, `<chat_N>`, or the topic of an insight.
        quotable: Whether its words may stand in an insight (a consenting member's public or own words).
        is_bot: Whether a bot wrote it.
        at: When.
        text: The words.
        reply_to: The ref that it answers, if that is in the material.
        mentions: Labels of the members it mentions.
    """

    ref: str
    speaker: str
    quotable: bool
    is_bot: bool
    at: datetime
    text: str
    reply_to: str | None = None
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """Everything that a request may cite, oldest first.

    Attributes:
        title: What it is about, for people (`#garden`, a member's name, …).
        items: Messages and insights.
        known_subjects: Names of the server's subjects: prefer one of them to a new name.
    """

    title: str
    items: tuple[MaterialItem, ...]
    known_subjects: tuple[str, ...] = ()

    @property
    def refs(self) -> frozenset[str]:
        """Every reference that an answer may cite."""
        return frozenset(item.ref for item in self.items)


@dataclass(frozen=True, slots=True)
class CallContext:
    """Whom a call is made for: written to `model_call` and held against the limits.

    Attributes:
        member_ids: Members by or about whom something is in the prompt.
        max_run_cost_usd: The layer's own limit for the run, or None for the configured one.
    """

    layer: str
    node: str
    run_id: str | None = None
    target_id: str | None = None
    server_id: int | None = None
    member_ids: frozenset[int] = frozenset()
    max_run_cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class ModelRequest(Generic[Output]):
    """One question. `temperature` and `max_tokens` override the profile's."""

    profile: str
    system: str
    prompt: str
    output: type[Output]
    material: Material
    context: CallContext
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What one call, or several, used. Tokens are counted by the provider (offline: estimated)."""

    tokens_in: int = 0
    tokens_out: int = 0
    requests: int = 0
    cost_microusd: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.tokens_in + other.tokens_in,
            self.tokens_out + other.tokens_out,
            self.requests + other.requests,
            self.cost_microusd + other.cost_microusd,
        )


@dataclass(frozen=True, slots=True)
class ModelAnswer(Generic[Output]):
    """A validated answer. `dry_reason` is set, and `output` is None, when there was nothing to say."""

    output: Output | None
    extractive: bool
    usage: Usage
    dry_reason: str = ""
