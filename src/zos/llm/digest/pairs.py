"""Pairs: who answered or mentioned whom.

In: readings. Out: `Pair`s of named people, most exchanges first. A `<chat_N>` is in no pair: nothing
is concluded about a member without consent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from zos.llm.digest.words import Reading, is_anonymous

MIN_EXCHANGES = 2


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people who addressed each other; `forth` and `back` count messages from one to the other."""

    one: str
    other: str
    forth: int
    back: int
    readings: tuple[Reading, ...]


def find_pairs(readings: Sequence[Reading], limit: int) -> list[Pair]:
    """Return the pairs with most replies and mentions between them, at most `limit`."""
    speakers = {reading.item.ref: reading.item.speaker for reading in readings}
    bots = {reading.item.speaker for reading in readings if reading.item.is_bot}
    addressed: defaultdict[tuple[str, str], list[Reading]] = defaultdict(list)
    for reading in readings:
        if reading.item.is_bot or not reading.is_named:
            continue
        for label in _addressed(reading, speakers):
            if label not in bots and not is_anonymous(label):
                addressed[_key(reading.item.speaker, label)].append(reading)
    pairs = [_pair(key, met) for key, met in addressed.items() if len(met) >= MIN_EXCHANGES]
    return sorted(pairs, key=lambda pair: (-len(pair.readings), pair.one, pair.other))[:limit]


def _addressed(reading: Reading, speakers: dict[str, str]) -> set[str]:
    """Return whom a message answers or mentions, its own author left out."""
    labels = set(reading.item.mentions)
    if reading.item.reply_to in speakers:
        labels.add(speakers[reading.item.reply_to])
    return labels - {reading.item.speaker}


def _key(one: str, other: str) -> tuple[str, str]:
    return (one, other) if one <= other else (other, one)


def _pair(key: tuple[str, str], met: list[Reading]) -> Pair:
    forth = sum(1 for reading in met if reading.item.speaker == key[0])
    if forth >= len(met) - forth:
        return Pair(*key, forth, len(met) - forth, tuple(met))
    return Pair(key[1], key[0], len(met) - forth, forth, tuple(met))
