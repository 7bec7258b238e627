"""Subjects: words and pairs of words that a window says far more often than everyday English does.

In: readings. Out: `Subject`s, strongest first, each used by at least two authors. The measure is the
z-score of the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008,
"Fightin' Words", eq. 22), counted once a message so that one loud message makes no subject.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from zos.llm.digest.background import rate_per_million
from zos.llm.digest.words import Reading, name_stems, stem

MIN_AUTHORS = 2
MIN_MESSAGES = 2
MIN_Z = 2.5
PRIOR_WORDS = 2_000.0  # weight of the background: what a few messages say is weak evidence
# Two words next to each other are so much rarer than the rarer of them.
PAIR_RATE_FACTOR = 0.05
# A pair that makes up this share of a word's messages stands for the word.
PAIR_COVERS = 0.5
# Subjects of which one's messages are in this share the other's are one subject.
SAME_SUBJECT = 0.7

Term = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """A subject of the window.

    Attributes:
        term: Its stems.
        readings: The messages that name it, in order.
        authors: How many people wrote them.
        z: How far above everyday English it stands, in standard deviations.
        name: As people wrote it most often, lower case.
    """

    term: Term
    readings: tuple[Reading, ...]
    authors: int
    z: float
    name: str = ""


def find_subjects(readings: Sequence[Reading], labels: Iterable[str], limit: int) -> list[Subject]:
    """Return the strongest subjects of `readings` (people's messages), at most `limit`.

    Args:
        readings: Messages by people, in order.
        labels: Everybody's labels: names are no subjects.
        limit: How many, at most.
    """
    used = _uses(readings, name_stems(labels))
    total = sum(len(reading.stems) for reading in readings)
    found = [
        subject
        for term, users in used.items()
        if len(users) >= MIN_MESSAGES and (subject := _subject(term, users, total)) is not None
    ]
    chosen = _distinct(_without_covered(found), limit)
    return [replace(subject, name=_spelling(subject)) for subject in chosen]


def name_known(readings: Sequence[Reading], known: Iterable[str]) -> str | None:
    """Return the known subject that most messages name, if two authors do; ties by name."""
    best: tuple[int, str] | None = None
    for name in sorted(known):
        term = frozenset(stem(word) for word in name.lower().replace("-", " ").split())
        users = [reading for reading in readings if term and term <= reading.stems]
        if _authors(users) >= MIN_AUTHORS and (best is None or len(users) > best[0]):
            best = (len(users), name)
    return best[1] if best else None


def _uses(readings: Sequence[Reading], names: frozenset[str]) -> dict[Term, list[Reading]]:
    """Return the messages of every word and every pair of neighbouring words."""
    used: defaultdict[Term, list[Reading]] = defaultdict(list)
    for reading in readings:
        terms: dict[Term, None] = {}
        for phrase in reading.phrases:
            for word in phrase:
                if word and word not in names:
                    terms[(word,)] = None
            for one, other in pairwise(phrase):
                if one and other and one != other and not {one, other} & names:
                    terms[one, other] = None
        for term in terms:
            used[term].append(reading)
    return used


def _subject(term: Term, users: list[Reading], total: int) -> Subject | None:
    z = _z_score(len(users), total, _rate(term))
    authors = _authors(users)
    if z < MIN_Z or authors < MIN_AUTHORS:
        return None
    return Subject(term, tuple(users), authors, z)


def _rate(term: Term) -> float:
    """Return the share of everyday words (or neighbouring pairs) that are `term`."""
    rate = min(map(rate_per_million, term)) / 1_000_000
    return rate if len(term) == 1 else rate * PAIR_RATE_FACTOR


def _z_score(count: int, total: int, rate: float) -> float:
    prior = PRIOR_WORDS * rate
    here = count + prior
    log_odds = math.log(here / (total + PRIOR_WORDS - here)) - math.log(rate / (1 - rate))
    return log_odds / math.sqrt(1 / here)


def _authors(readings: Iterable[Reading]) -> int:
    return len({reading.item.speaker for reading in readings})


def _spelling(subject: Subject) -> str:
    """Return the words of a subject as most messages write them; ties by the first use."""
    spellings: list[Counter[str]] = [Counter() for _ in subject.term]
    for reading in subject.readings:
        for word in dict.fromkeys(reading.words):
            for place, wanted in enumerate(subject.term):
                if stem(word) == wanted:
                    spellings[place][word] += 1
    return " ".join(counter.most_common(1)[0][0] for counter in spellings)


def _without_covered(found: list[Subject]) -> list[Subject]:
    """Choose between pairs and their words.

    A word that is mostly said in a pair gives way to it. A pair gives way to a word of it that has
    a life of its own.
    """
    pairs = [subject for subject in found if len(subject.term) > 1]
    words = [word for word in found if len(word.term) == 1 and not _is_covered(word, pairs)]
    alone = {word.term[0] for word in words}
    return [pair for pair in pairs if alone.isdisjoint(pair.term)] + words


def _is_covered(word: Subject, pairs: Iterable[Subject]) -> bool:
    return any(
        word.term[0] in pair.term and len(pair.readings) >= PAIR_COVERS * len(word.readings)
        for pair in pairs
    )


def _distinct(found: list[Subject], limit: int) -> list[Subject]:
    """Return the strongest, leaving out those that live in a stronger one's messages."""
    chosen: list[Subject] = []
    for subject in sorted(found, key=lambda each: (-each.z, each.term)):
        if len(chosen) == limit:
            break
        if not any(_overlap(subject, other) >= SAME_SUBJECT for other in chosen):
            chosen.append(subject)
    return chosen


def _overlap(one: Subject, other: Subject) -> float:
    mine = {reading.position for reading in one.readings}
    shared = sum(1 for reading in other.readings if reading.position in mine)
    return shared / min(len(one.readings), len(other.readings))
