"""The digest of a window of messages.

In: readings. Out: a `Reflection` or a reason why there is none. Its confidence is its support: the
share of people's messages that stand behind a line other than the count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from zos.core.topics import subject_name
from zos.llm.digest import lines
from zos.llm.digest.pairs import Pair, find_pairs
from zos.llm.digest.quotes import best_quotes, open_questions, quote_scores
from zos.llm.digest.subjects import Subject, find_subjects, name_known
from zos.llm.digest.words import Reading
from zos.llm.output import Reflection, Statement
from zos.llm.request import Material

MIN_MESSAGES = 3
MAX_SUBJECTS = 5
MAX_PAIRS = 3
MAX_QUOTES = 4
MAX_QUESTIONS = 3
# A short window has little to say: one quote for so many messages, and one subject of only two.
MESSAGES_A_QUOTE = 6
MESSAGES_A_SUBJECT = 8
STRONG_SUBJECT_MESSAGES = 3

# Twenty-five messages or five people make a window of middling importance.
_MIDDLING_MESSAGES = 25
_MIDDLING_PEOPLE = 5


def digest_messages(material: Material, readings: Sequence[Reading]) -> Reflection | str:
    """Return the digest of `readings` (all of `material`, in order), or why there is none."""
    people = [reading for reading in readings if not reading.item.is_bot]
    spoken = [reading for reading in people if reading.words]
    if not people:
        return "no message by a person"
    if len(spoken) < MIN_MESSAGES:
        return f"only {len(spoken)} of {len(people)} messages have words"
    found = _find(material, readings, people)
    if not found.says_something:
        return "no subject that two people share, no two who met, and no words worth quoting"
    statements = [lines.counts_line(people), *_statements(found)]
    cited = {ref for statement in statements[1:] for ref in statement.sources}
    return Reflection.model_construct(
        statements=statements,
        confidence=round(len(cited) / len(people), 2),
        importance=_importance(people),
        novelty=_novelty(found.subjects, material),
        open_questions=[lines.bare(reading.text) for reading in found.questions],
        subject=found.subject,
        conflicts_with=[],  # left to its default, pydantic would inspect the factory every time
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What a window holds.

    Attributes:
        subjects: With the best quote of each, if it has one.
        subject: The one to become a topic.
    """

    subjects: Sequence[tuple[Subject, Reading | None]]
    pairs: Sequence[Pair]
    quotes: Sequence[Reading]
    questions: Sequence[Reading]
    subject: str | None

    @property
    def says_something(self) -> bool:
        """Whether there is a line to write."""
        return any((self.subjects, self.pairs, self.quotes, self.questions))


def _find(material: Material, readings: Sequence[Reading], people: Sequence[Reading]) -> _Found:
    labels = [reading.item.speaker for reading in readings]
    labels += [label for reading in readings for label in reading.item.mentions]
    scores = quote_scores(people)
    subjects = _subjects(people, labels)
    questions = open_questions(readings, MAX_QUESTIONS)
    said = [*questions]
    told: list[tuple[Subject, Reading | None]] = []
    for subject in subjects:
        best = best_quotes(subject.readings, scores, said, 1)
        told.append((subject, best[0] if best else None))
        said += best
    quotes = best_quotes(people, scores, said, _share(people, MESSAGES_A_QUOTE, MAX_QUOTES))
    first = subjects[0].name if subjects else None
    return _Found(
        subjects=told,
        pairs=find_pairs(readings, MAX_PAIRS),
        quotes=sorted(quotes, key=lambda reading: reading.position),
        questions=questions,
        subject=name_known(people, material.known_subjects) or first,
    )


def _subjects(people: Sequence[Reading], labels: Sequence[str]) -> list[Subject]:
    weak = _share(people, MESSAGES_A_SUBJECT, MAX_SUBJECTS)
    found = find_subjects(people, labels, MAX_SUBJECTS)
    return [
        subject
        for place, subject in enumerate(found)
        if place < weak or len(subject.readings) >= STRONG_SUBJECT_MESSAGES
    ]


def _share(people: Sequence[Reading], messages_each: int, limit: int) -> int:
    return min(limit, 1 + len(people) // messages_each)


def _statements(found: _Found) -> Iterator[Statement]:
    for subject, quote in found.subjects:
        yield lines.subject_line(subject, quote)
    yield from map(lines.pair_line, found.pairs)
    yield from map(lines.quote_line, found.quotes)
    yield from map(lines.question_line, found.questions)


def _importance(people: Sequence[Reading]) -> float:
    """Return 0..1, growing with messages and people, 0.5 for a middling window."""
    authors = len({reading.item.speaker for reading in people})
    size = len(people) / (len(people) + _MIDDLING_MESSAGES)
    company = authors / (authors + _MIDDLING_PEOPLE)
    return round((size + company) / 2, 2)


def _novelty(subjects: Sequence[tuple[Subject, object]], material: Material) -> float:
    """Return the share of subjects that the server did not know; 0.5 without subjects."""
    if not subjects:
        return 0.5
    names = [subject_name(subject.name) for subject, _ in subjects]
    return round(sum(name not in material.known_subjects for name in names) / len(names), 2)
