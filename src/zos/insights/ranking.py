"""How what was found is ordered. Pure.

In: which terms of a query each text holds, and what is known about the texts. Out: scores. A text
counts by how rare the terms are that it holds (their inverse document frequency, BM25 with a term
frequency of one: chat lines hold a word once), and again by those that it and its neighbours hold
together, as people split a thought over lines. The orders are fused by reciprocal ranks (Cormack,
Clarke and Büttcher 2009): 1 / (60 + rank), weighted and summed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from math import log
from statistics import fmean
from typing import Any

TERMS_USED = 6
"""The rarest terms of a query are looked for; the others would not change the order much."""
MATCHES_READ = 300
"""Rows read for one combination of terms, the newest: so many or fewer hold a rare term."""
COUNTED = 5 * MATCHES_READ
"""Rows that hold a term are counted up to so many: what is commoner weighs the same."""

_RRF_K = 60
# BM25's constants; the weight of length is lower than its usual 0.75, as measured on real chat.
_K1, _B = 1.2, 0.3

Matches = Mapping[int, frozenset[str]]
"""The terms that a text holds, by its key."""


@dataclass(frozen=True, slots=True)
class Text:
    """What is known about a text that was found.

    Attributes:
        key: Its key in the database.
        length: Its characters.
        before: The key of its neighbour before, if any.
        after: The key of its neighbour after.
        at: Its time.
        importance: 0..1, as is `confidence`; None for messages.
    """

    key: int
    length: int
    before: int | None
    after: int | None
    at: datetime
    importance: float | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each order counts beside those by words, which count 1 each."""

    importance: float
    confidence: float
    recency: float


def conjunctions(counts: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Return what to look for, so that no lookup has to read a common term's rows.

    Rare terms are looked for alone; a common one together with each other term. The rarest is always
    looked for alone, so that something is found where no two terms meet.

    Args:
        counts: How many rows hold each term, up to `COUNTED`.
    """
    known = _rarest(counts)
    common = {term for term in known if counts[term] > MATCHES_READ}
    alone = [(term,) for term in known if term not in common or term == known[0]]
    return alone + [pair for pair in combinations(known, 2) if pair[1] in common]


def weights_of(counts: Mapping[str, int]) -> dict[str, float]:
    """Return how much each term says: less, the more rows hold it."""
    return {term: log(1 + 2 * COUNTED / counts[term]) for term in counts if counts[term]}


def best(matches: Matches, weights: Mapping[str, float], limit: int) -> list[int]:
    """Return the keys of the `limit` texts whose terms weigh most; of equals, the newest."""
    total = {key: sum(weights[term] for term in terms) for key, terms in matches.items()}
    return sorted(total, key=lambda key: (total[key], key), reverse=True)[:limit]


def scores(
    texts: Sequence[Text], matches: Matches, weights: Mapping[str, float], beside: Weights
) -> dict[int, float]:
    """Return a score for each text: 1 for what comes first in every order, and more than 0.

    Args:
        texts: The texts; only they lend words to each other.
        matches: The terms that they hold; those of other texts are not looked at.
        weights: How much each term says.
        beside: How much other orders count.
    """
    if not texts:
        return {}
    usual = fmean(text.length for text in texts) or 1.0
    words = {text.key: _own(text, matches, weights, usual) for text in texts}
    shown = {text.key: matches[text.key] for text in texts}
    window = {text.key: (_together(text, shown, weights), words[text.key]) for text in texts}
    orders: list[tuple[float, Mapping[int, Any]]] = [
        (1.0, words),
        (1.0, window),
        (beside.importance, _known((text.key, text.importance) for text in texts)),
        (beside.confidence, _known((text.key, text.confidence) for text in texts)),
        (beside.recency, {text.key: text.at for text in texts}),
    ]
    return _fused([(weight, order) for weight, order in orders if weight and order])


def _rarest(counts: Mapping[str, int]) -> list[str]:
    known = [term for term, count in counts.items() if count]
    return sorted(known, key=lambda term: (counts[term], term))[:TERMS_USED]


def _own(text: Text, matches: Matches, weights: Mapping[str, float], usual: float) -> float:
    saturation = (_K1 + 1) / (1 + _K1 * (1 - _B + _B * text.length / usual))
    return saturation * sum(weights[term] for term in matches[text.key])


def _together(text: Text, matches: Matches, weights: Mapping[str, float]) -> float:
    near = (matches.get(key, frozenset()) for key in (text.before, text.after) if key is not None)
    return sum(weights[term] for term in matches[text.key].union(*near))


def _known(values: Iterable[tuple[int, float | None]]) -> dict[int, float]:
    return {key: value for key, value in values if value is not None}


def _fused(orders: Sequence[tuple[float, Mapping[int, Any]]]) -> dict[int, float]:
    """Sum weighted reciprocal ranks; equal values share a rank. What is first in all gets 1."""
    fused = dict.fromkeys(orders[0][1], 0.0)
    most = sum(weight for weight, _ in orders)
    for weight, order in orders:
        rank_of = {
            value: rank for rank, value in enumerate(sorted(set(order.values()), reverse=True))
        }
        for key, value in order.items():
            fused[key] += weight / most * (_RRF_K + 1) / (_RRF_K + 1 + rank_of[value])
    return fused
