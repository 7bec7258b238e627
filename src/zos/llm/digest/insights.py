"""The digest of insights: their most important statements, for syntheses and self-reflection.

In: readings of insights (one statement a line). Out: a `Reflection` or a reason why there is none.
A statement weighs by what it shares with the others; statements that say the same are one, with
all their sources. Its confidence is its support: the share of insights that are cited.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from zos.llm.digest import lines
from zos.llm.digest.quotes import similar
from zos.llm.digest.words import Reading, clean, read_items
from zos.llm.output import Reflection, Statement

MAX_STATEMENTS = 8
MIN_WORDS = 3


@dataclass(slots=True)
class _Group:
    """Statements that say nearly the same; the first one speaks for them."""

    stems: frozenset[str]
    readings: list[Reading] = field(default_factory=list)


def digest_insights(readings: Sequence[Reading]) -> Reflection | str:
    """Return the digest of `readings` (insights, in order), or why there is none."""
    groups = _group(_statements(readings))
    if not groups:
        return "no insight with a statement that may be repeated"
    best = sorted(_ranked(groups)[:MAX_STATEMENTS], key=lambda group: group.readings[0].position)
    cited = {reading.item.ref for group in best for reading in group.readings}
    return Reflection.model_construct(
        statements=[_state(group) for group in best],
        confidence=round(len(cited) / len(readings), 2),
        importance=round(len(readings) / (len(readings) + MAX_STATEMENTS), 2),
        open_questions=[],
        conflicts_with=[],
    )


def _statements(readings: Sequence[Reading]) -> list[Reading]:
    """Return one reading for each line of each insight that may be repeated."""
    parts = [
        replace(reading.item, text=line)
        for reading in readings
        if reading.item.quotable
        for line in reading.item.text.splitlines()
    ]
    return [reading for reading in read_items(parts) if len(reading.words) >= MIN_WORDS]


def _group(statements: Sequence[Reading]) -> list[_Group]:
    groups: list[_Group] = []
    for reading in statements:
        for group in groups:
            if similar(group.stems, reading.stems):
                group.readings.append(reading)
                break
        else:
            groups.append(_Group(reading.stems, [reading]))
    return groups


def _ranked(groups: Sequence[_Group]) -> list[_Group]:
    """Return groups, heaviest first: the idf mass that a group shares with others, times its insights."""
    shared = Counter(stem for group in groups for stem in group.stems)
    weights = {stem: math.log(1 + len(groups) / df) for stem, df in shared.items() if df > 1}

    def weight(group: _Group) -> tuple[float, int]:
        mass = sum(weights.get(stem, 0.0) for stem in sorted(group.stems))
        insights = len({reading.item.ref for reading in group.readings})
        return -(1 + mass / math.sqrt(1 + len(group.stems))) * insights, group.readings[0].position

    return sorted(groups, key=weight)


def _state(group: _Group) -> Statement:
    first = group.readings[0]
    once = list({reading.item.ref: reading for reading in group.readings}.values())
    topic = f"{clean(first.item.speaker)}: "
    # A digest of digests names its topic already.
    text = first.text if first.text.startswith(topic) else topic + first.text
    return lines.statement(text, once)
