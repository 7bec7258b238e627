"""From an answer to a draft: references become sources, and what may not be kept is left out.

In: a reflection and what it was shown. Out: an `InsightDraft`, or None when nothing with evidence is
left. Pure. Members who are quoted are found by runs of words that a statement shares with a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from zos.core.topics import TopicCategory, TopicKey
from zos.insights.model import InsightDraft, InsightLine, Method
from zos.llm.output import Reflection, Statement
from zos.observe.store import StoredMessage
from zos.prompts.assembly import Assembled
from zos.prompts.labels import anonymous
from zos.reflect.context import Reflected
from zos.reflect.words import runs_of, words_of

MAX_SUBJECT_MESSAGES = 200


def draft(reflected: Reflected, assembled: Assembled, topic: TopicKey) -> InsightDraft | None:
    """Return what `reflected` says about `topic`, or None if none of it may be kept."""
    reflection = reflected.reflection
    hidden = _Hidden(assembled)
    kept = [
        (statement, line)
        for statement in reflection.statements
        if (line := _line(statement, assembled, topic)) and not hidden.quoted_in(line.text)
    ]
    if not kept:
        return None
    questions = tuple(
        anonymous(one) for one in reflection.open_questions if not hidden.quoted_in(one)
    )
    text = "\n".join((*(line.text for _, line in kept), *questions))
    cited = frozenset(ref for statement, _ in kept for ref in statement.sources)
    subject, about = _subject(reflection, assembled, cited)
    return InsightDraft(
        topic=topic,
        lines=tuple(line for _, line in kept),
        method=Method.EXTRACTIVE if reflected.extractive else Method.MODEL,
        confidence=reflection.confidence,
        importance=reflection.importance,
        novelty=reflection.novelty,
        scope=assembled.scope(cited),
        strength_adjustment=reflection.strength_adjustment,
        valence=None if reflected.extractive else reflection.valence,
        open_questions=questions,
        quoted_member_ids=_quoted(text, assembled, cited),
        named_member_ids=assembled.labels.named_in(text),
        subject=subject,
        subject_message_ids=about,
        supersedes=_superseded(reflection, assembled, topic),
        conflicts_with=tuple(assembled.insights[ref].id for ref in reflection.conflicts_with),
    )


class _Hidden:
    """Runs of words that only members without consent said."""

    def __init__(self, assembled: Assembled) -> None:
        items = [item for item in assembled.material.items if item.ref in assembled.messages]
        hidden = runs_of(item.text for item in items if not item.quotable and not item.is_bot)
        self._runs = hidden - runs_of(item.text for item in items if item.quotable)

    def quoted_in(self, text: str) -> bool:
        return not self._runs.isdisjoint(runs_of([text]))


def _line(statement: Statement, assembled: Assembled, topic: TopicKey) -> InsightLine | None:
    message_ids, insight_ids = assembled.evidence(statement.sources, topic)
    if not message_ids and not insight_ids:
        return None
    return InsightLine(anonymous(statement.text), message_ids, insight_ids)


def _quoted(text: str, assembled: Assembled, cited: frozenset[str]) -> frozenset[int]:
    """Return who is quoted. What somebody without consent said too is not their quote: `_Hidden` saw to theirs."""
    said = runs_of([text])
    return frozenset(
        assembled.messages[item.ref].author_id
        for item in assembled.material.items
        if item.quotable
        and item.ref in cited
        and item.ref in assembled.messages
        and not said.isdisjoint(runs_of([item.text]))
    )


def _subject(
    reflection: Reflection, assembled: Assembled, cited: Iterable[str]
) -> tuple[str | None, tuple[int, ...]]:
    """Return the subject that the reflection names, and the messages that are about it.

    Those are the people's messages that hold all its words, or else those that were cited.
    """
    subject = reflection.subject
    if subject is None or assembled.labels.is_name(subject) or not _may_name(assembled.topic):
        return None, ()
    wanted = set(words_of(subject))
    people = [one for one in assembled.messages.values() if not one.is_bot]
    about = [one for one in people if wanted and wanted <= set(words_of(one.content))]
    if not about:
        about = [assembled.messages[ref] for ref in sorted(cited) if ref in assembled.messages]
    return (subject, _ids(about)) if about else (None, ())


def _may_name(topic: TopicKey) -> bool:
    return topic.server_id is not None and topic.category is not TopicCategory.SUBJECT


def _ids(messages: Sequence[StoredMessage]) -> tuple[int, ...]:
    people = sorted(one.id for one in messages if not one.is_bot)
    return tuple(people[-MAX_SUBJECT_MESSAGES:])


def _superseded(reflection: Reflection, assembled: Assembled, topic: TopicKey) -> str | None:
    if reflection.supersedes is None:
        return None
    old = assembled.insights[reflection.supersedes]
    return old.id if old.topic == topic else None
