"""Quotes and open questions: the sentences of a window that are worth reading again.

In: readings. Out: readings, best or first ones first. Only what its author lets be quoted is ever
returned. A quote is good when it says much that is rare in its window, speaks in the first person,
and names dates or numbers.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from zos.llm.digest.background import rate_per_million
from zos.llm.digest.words import Reading

MIN_QUOTE_WORDS = 5
FIRST_PERSON_FACTOR = 1.25
DATE_OR_NUMBER_FACTOR = 1.15
NEAR_DUPLICATE = 0.6  # Jaccard similarity of stems
MAX_QUESTION_CHARACTERS = 240
# People answer without the reply button: so many messages later at most, on a word both use.
ANSWER_WINDOW = 12
COMMON_WORD_PER_MILLION = 300.0

_FIRST_PERSON_WORDS = """
i i'm im i've ive i'd i'll my mine me myself we we're we've we'll we'd our ours us
ich mich mir mein meine wir uns unser je j'ai nous yo nosotros eu io noi ik wij
"""
_CALENDAR_WORDS = """
monday tuesday wednesday thursday friday saturday sunday january february march april june july
august september october november december today tomorrow tonight yesterday weekend
"""
_FIRST_PERSON = frozenset(_FIRST_PERSON_WORDS.split())
_CALENDAR = frozenset(_CALENDAR_WORDS.split())
_NUMBER = re.compile(r"\d")
_QUESTION = re.compile(r"\?[\s\"'”’)\]!?]*$")
_COMMAND = re.compile(r"[!/.$]\w")


def quote_scores(readings: Sequence[Reading]) -> dict[int, float]:
    """Return the score of every quotable message by position: the idf mass per root of its length, and bonuses."""
    seen_in = Counter(stem for reading in readings for stem in reading.stems)
    weights = {stem: math.log((len(readings) + 1) / (df + 0.5)) for stem, df in seen_in.items()}
    return {
        reading.position: _score(reading, weights) for reading in readings if _is_quotable(reading)
    }


def best_quotes(
    readings: Iterable[Reading], scores: dict[int, float], taken: Collection[Reading], limit: int
) -> list[Reading]:
    """Return the best quotes, at most `limit`, none nearly the same as another or as one `taken`."""
    chosen: list[Reading] = []
    candidates = [reading for reading in readings if reading.position in scores]
    for reading in sorted(candidates, key=lambda each: (-scores[each.position], each.position)):
        if len(chosen) == limit:
            break
        if not any(similar(reading.stems, other.stems) for other in (*taken, *chosen)):
            chosen.append(reading)
    return chosen


def open_questions(readings: Sequence[Reading], limit: int) -> list[Reading]:
    """Return the latest questions that nobody took up, at most `limit`, oldest first."""
    answered = _answered(readings)
    found: list[Reading] = []
    for place in range(len(readings) - 1, -1, -1):
        reading = readings[place]
        if len(found) == limit:
            break
        if (
            _asks(reading)
            and reading.item.ref not in answered
            and not _is_taken_up(reading, readings[place + 1 :])
            and not any(similar(reading.stems, other.stems) for other in found)
        ):
            found.append(reading)
    return found[::-1]


def similar(one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether two texts say nearly the same, by their content words."""
    if not one or not other:
        return one == other
    return len(one & other) >= NEAR_DUPLICATE * len(one | other)


def _score(reading: Reading, weights: dict[str, float]) -> float:
    mass = sum(weights[stem] for stem in sorted(reading.stems)) / math.sqrt(len(reading.words))
    if not _FIRST_PERSON.isdisjoint(reading.words):
        mass *= FIRST_PERSON_FACTOR
    if _NUMBER.search(reading.text) or not _CALENDAR.isdisjoint(reading.words):
        mass *= DATE_OR_NUMBER_FACTOR
    return mass


def _is_quotable(reading: Reading) -> bool:
    return (
        reading.item.quotable
        and reading.is_named
        and not reading.item.is_bot
        and len(reading.words) >= MIN_QUOTE_WORDS
        and len(reading.stems) >= 2
        and _COMMAND.match(reading.text) is None
    )


def _asks(reading: Reading) -> bool:
    return (
        reading.item.quotable
        and reading.is_named
        and not reading.item.is_bot
        and not reading.has_link
        and len(reading.words) >= 3
        and bool(reading.stems)
        and len(reading.text) <= MAX_QUESTION_CHARACTERS
        and _QUESTION.search(reading.text) is not None
    )


def _answered(readings: Sequence[Reading]) -> set[str]:
    """Return the refs that a person other than their author replied to."""
    speakers = {reading.item.ref: reading.item.speaker for reading in readings}
    return {
        reading.item.reply_to
        for reading in readings
        if reading.item.reply_to in speakers
        and not reading.item.is_bot
        and speakers[reading.item.reply_to] != reading.item.speaker
    }


def _is_taken_up(question: Reading, later: Sequence[Reading]) -> bool:
    """Whether somebody else mentions the asker later, or soon says a telling word of the question."""
    telling = {stem for stem in question.stems if rate_per_million(stem) < COMMON_WORD_PER_MILLION}
    return any(
        other.item.speaker != question.item.speaker
        and not other.item.is_bot
        and (
            question.item.speaker in other.item.mentions
            or (distance < ANSWER_WINDOW and not telling.isdisjoint(other.stems))
        )
        for distance, other in enumerate(later)
    )
