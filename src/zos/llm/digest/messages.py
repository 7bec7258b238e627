"""The digest of a window of messages.

In: readings. Out: a `Reflection` or a reason why there is none. Its confidence is its support: the
share of people's messages that stand behind a line other than the count.
"""

from __future__ import annotations

from collections.abc import Sequence

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
    findings = _Findings(material, readings, people)
    if not findings.statements:
        return "nothing that two people shared, nobody met, and nothing that may be quoted"
    return _reflection(findings, people)


class _Findings:
    """What a window holds, and how it reads."""

    def __init__(
        self, material: Material, readings: Sequence[Reading], people: Sequence[Reading]
    ) -> None:
        labels = [reading.item.speaker for reading in readings]
        labels += [label for reading in readings for label in reading.item.mentions]
        self._scores = quote_scores(people)
        self._said: list[Reading] = []
        self.subjects = find_subjects(people, labels, MAX_SUBJECTS)
        self.pairs = find_pairs(readings, MAX_PAIRS)
        self.questions = open_questions(readings, MAX_QUESTIONS)
        self.subject = name_known(people, material.known_subjects) or next(
            (subject.name for subject in self.subjects), None
        )
        self.known = frozenset(material.known_subjects)
        self.statements = self._statements(people)

    def _statements(self, people: Sequence[Reading]) -> list[Statement]:
        self._said += self.questions
        stated = [self._about(subject) for subject in self.subjects]
        stated += [lines.pair_line(pair) for pair in self.pairs]
        quotes = best_quotes(people, self._scores, self._said, MAX_QUOTES)
        stated += [lines.quote_line(reading) for reading in sorted(quotes, key=_position)]
        return stated + [lines.question_line(reading) for reading in self.questions]

    def _about(self, subject: Subject) -> Statement:
        quotes = best_quotes(subject.readings, self._scores, self._said, 1)
        self._said += quotes
        return lines.subject_line(subject, quotes[0] if quotes else None)

    def behind(self) -> set[int]:
        """Return the positions of all messages that a line rests on."""
        found: list[Subject | Pair] = [*self.subjects, *self.pairs]
        used = {reading.position for each in found for reading in each.readings}
        return used | {reading.position for reading in (*self._said, *self.questions)}


def _reflection(findings: _Findings, people: Sequence[Reading]) -> Reflection:
    return Reflection.model_construct(
        statements=[lines.counts_line(people), *findings.statements],
        confidence=round(min(1.0, len(findings.behind()) / len(people)), 2),
        importance=_importance(people),
        novelty=_novelty(findings),
        open_questions=[lines.bare(reading.text) for reading in findings.questions],
        subject=findings.subject,
    )


def _importance(people: Sequence[Reading]) -> float:
    """Return 0..1, growing with messages and people, 0.5 for a middling window."""
    authors = len({reading.item.speaker for reading in people})
    size = len(people) / (len(people) + _MIDDLING_MESSAGES)
    company = authors / (authors + _MIDDLING_PEOPLE)
    return round((size + company) / 2, 2)


def _novelty(findings: _Findings) -> float:
    """Return the share of subjects that the server did not know; 0.5 without subjects."""
    if not findings.subjects:
        return 0.5
    new = sum(1 for subject in findings.subjects if subject.name not in findings.known)
    return round(new / len(findings.subjects), 2)


def _position(reading: Reading) -> int:
    return reading.position
