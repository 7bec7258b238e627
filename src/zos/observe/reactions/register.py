"""What became of one reaction: given, taken back, given again. Pure; time decides, not arrival."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """One member's reaction to one message with one emoji, as it stands; `removed_at` None: given."""

    reacted_at: datetime
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """It was given (or taken back) at `at`."""

    at: datetime
    given: bool


def settle(standing: Standing | None, changes: Iterable[Change]) -> Standing | None:
    """Return how it stands after `changes`, in any order; None: it was never given.

    A change that is older than what stands is known already, or has been overtaken.
    """
    for change in sorted(changes, key=lambda one: (one.at, not one.given)):
        standing = _given(standing, change.at) if change.given else _taken(standing, change.at)
    return standing


def _given(standing: Standing | None, at: datetime) -> Standing:
    if standing is None or (standing.removed_at is not None and standing.removed_at < at):
        return Standing(at)
    return standing


def _taken(standing: Standing | None, at: datetime) -> Standing | None:
    if standing is None or standing.removed_at is not None or at < standing.reacted_at:
        return standing
    return Standing(standing.reacted_at, at)
