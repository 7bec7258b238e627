"""What came of the demo: what was observed, what fired, what was understood from which words, and why not more.

Frozen rows without presentation, made by `zos.demo.reading`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from zos.scheduler.replay import ReplayReport


@dataclass(frozen=True, slots=True)
class Observed:
    """What was taken in, in counts; `messages` without the deleted ones, `members` with bots."""

    messages: int
    reactions: int
    rooms: int
    members: int
    consented: int
    deleted: int


@dataclass(frozen=True, slots=True)
class Nights:
    """What one layer did in the fortnight.

    Attributes:
        fires: Slots, and thresholds reached.
        outcomes: How many of them came to what.
    """

    layer: str
    schedule: str
    fires: int
    outcomes: dict[str, int]
    insights: int


@dataclass(frozen=True, slots=True)
class Source:
    """A message that a statement rests on. `author` is a label where they have not consented."""

    author: str
    channel: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One line of an insight, with (some of) the messages that it rests on."""

    text: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """An insight, in part."""

    id: str
    about: str
    layer: str
    at: datetime
    statements: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class WhyNot:
    """A reason for which something was not thought about, the latest case, and how many there were."""

    reason: str
    case: str
    times: int


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """The demo in numbers and words.

    Attributes:
        spent_usd: What models cost: nothing, offline.
        ledger_mismatches: Topics whose balance is not their ledger's sum: none.
    """

    folder: Path
    observed: Observed
    replayed: ReplayReport
    nights: tuple[Nights, ...]
    examples: tuple[Example, ...]
    why_not: tuple[WhyNot, ...]
    spent_usd: float
    ledger_mismatches: int
