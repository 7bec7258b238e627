"""The named ways to search: how many hits, and what counts beside the words."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from zos.core.errors import UsageError
from zos.insights.ranking import Weights


@dataclass(frozen=True, slots=True)
class Profile:
    """One way to search.

    Attributes:
        limit: Hits, unless the caller says otherwise.
        candidates: Texts of a kind that are ordered, at most; the best by words alone.
        insights: Factor on the scores of insights.
        messages: Factor on the scores of messages.
        weights: How much importance, confidence and recency count; the words count 2.
    """

    limit: int
    candidates: int
    insights: float
    messages: float
    weights: Weights


PROFILES = {
    "recent": Profile(20, 50, 1.0, 1.0, Weights(importance=0.1, confidence=0.1, recency=1.0)),
    "balanced": Profile(20, 150, 1.0, 1.0, Weights(importance=0.3, confidence=0.2, recency=0.1)),
    "deep": Profile(30, 200, 1.0, 0.7, Weights(importance=1.0, confidence=0.5, recency=0.0)),
    "comprehensive": Profile(100, 400, 1.0, 1.0, Weights(importance=0.1, confidence=0.1, recency=0.1)),
}  # fmt: skip


def profile_named(name: str) -> Profile:
    """Return a profile by its name.

    Raises:
        UsageError: If there is none of that name.
    """
    if name in PROFILES:
        return PROFILES[name]
    near = get_close_matches(name, PROFILES, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(PROFILES)}."
    raise UsageError(f"There is no search profile {name!r}.", hint=hint)
