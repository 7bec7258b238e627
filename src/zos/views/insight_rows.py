"""Insights and the messages behind them as they are shown.

In: stored insights and messages, titles of topics, labels of people. Out: frozen rows without a name,
or the id, of a member who may not be named. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from zos.core.consent import ConsentView
from zos.core.names import KnownMember
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.insights.model import Insight, InsightStatus, Method
from zos.insights.retrieval import HitKind
from zos.members.model import Dispute, Snowflake
from zos.observe.store import StoredMessage
from zos.prompts.labels import Labels
from zos.views.runs import CallView, RunView, TargetView


@dataclass(frozen=True, slots=True)
class InsightRow:
    """An insight in a list.

    Attributes:
        topic: The topic's key.
        title: What the topic is called, for people.
        content: Its statements, one a line.
        strength: 0.1..10; confidence, importance and novelty are 0..1.
        valence: Feelings 0..1, strongest first; None where the method has none.
    """

    id: str
    topic: str
    title: str
    server_id: Snowflake | None
    layer: str
    run_id: str
    created_at: datetime
    status: InsightStatus
    scope: Scope
    method: Method
    confidence: float
    importance: float
    novelty: float
    strength: float
    valence: dict[str, float] | None
    content: str
    open_questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message that something rests on, or that was found.

    Attributes:
        author: A member's name, or `<chat_N>` (by first appearance) for one without consent.
        author_id: None for a member without consent.
    """

    id: Snowflake
    server_id: Snowflake | None
    channel_id: Snowflake
    channel: str
    author: str
    author_id: Snowflake | None
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class SourceInsight:
    """An insight that a statement rests on, and the messages that this one rests on in the end.

    Attributes:
        content: None if it is gone, or may not be shown.
    """

    id: str
    topic: str | None
    title: str | None
    content: str | None
    messages: tuple[MessageRow, ...]


@dataclass(frozen=True, slots=True)
class LineRow:
    """One statement, down to the messages.

    Attributes:
        messages: The messages that it rests on, oldest first.
        gone_message_ids: Those of them that were deleted since.
        insights: The insights that it rests on.
    """

    text: str
    messages: tuple[MessageRow, ...]
    gone_message_ids: tuple[Snowflake, ...]
    insights: tuple[SourceInsight, ...]


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """What a member holds against an insight, in their words. `by`: as a message's author is called."""

    by: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class InsightDetail:
    """An insight with all that it rests on.

    Attributes:
        run: The run that stored it, or None if that is not recorded.
        target: What that run did about its topic, and `calls` of models for it.
        superseded_by: The insight that replaced it.
        conflicts_with: Insights that it contradicts.
        contradicted_by: Later insights about the same topic that contradict it.
    """

    insight: InsightRow
    lines: tuple[LineRow, ...]
    run: RunView | None
    target: TargetView | None
    calls: tuple[CallView, ...]
    supersedes: str | None
    superseded_by: str | None
    conflicts_with: tuple[str, ...]
    contradicted_by: tuple[str, ...]
    disputes: tuple[DisputeRow, ...]


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A hit of a search: an insight or a message, as `kind` says."""

    kind: HitKind
    score: float
    found: InsightRow | MessageRow


def texts_of(insights: Iterable[Insight]) -> Iterator[str]:
    """Yield all that insights say and ask."""
    for one in insights:
        yield one.content
        yield from one.open_questions


def said_in(what: Iterable[StoredMessage | Dispute]) -> Iterator[str]:
    """Yield what people wrote in messages, over threads, or against insights."""
    for one in what:
        yield one.text if isinstance(one, Dispute) else one.content
        if isinstance(one, StoredMessage) and one.in_thread:
            yield one.channel_name


def insight_row(
    one: Insight, titles: Mapping[TopicKey, str], shown: Callable[[str], str]
) -> InsightRow:
    """Return an insight as it is listed; `shown` makes its texts fit to be shown."""
    feelings = sorted((one.valence or {}).items(), key=lambda part: -part[1])
    return InsightRow(
        id=one.id,
        topic=str(one.topic),
        title=titles[one.topic],
        server_id=one.server_id,
        layer=one.layer,
        run_id=one.run_id,
        created_at=one.created_at,
        status=one.status,
        scope=one.scope,
        method=one.method,
        confidence=one.confidence,
        importance=one.importance,
        novelty=one.novelty,
        strength=one.strength,
        valence=None if one.valence is None else {name.value: part for name, part in feelings},
        content=shown(one.content),
        open_questions=tuple(map(shown, one.open_questions)),
    )


def people_in(messages: Iterable[StoredMessage]) -> dict[int, None]:
    """Return everybody who appears in `messages`, in the order of their first appearance."""
    found: dict[int, None] = {}
    for message in messages:
        found |= dict.fromkeys((message.author_id, *message.mention_ids))
        if message.reply_to_author_id is not None:
            found[message.reply_to_author_id] = None
    return found


def labels_of(
    messages: Sequence[StoredMessage],
    names: Mapping[int, str],
    consent: ConsentView,
    known: Mapping[int, KnownMember],
) -> Labels:
    """Return what people are called in what is shown together, numbered in the order of `messages`.

    Names of members who are not in it, but are `known`, may stand in the texts.
    """
    written_by = {one.author_id: one.author_name for one in messages}
    bots = frozenset(one.author_id for one in messages if one.is_bot)
    names = {**names, **written_by}
    in_it = (one for one in people_in(messages) if one in names)
    return Labels(names, in_it, consent, bots, known)


def message_row(one: StoredMessage, labels: Labels, consent: ConsentView) -> MessageRow:
    """Return a message as it is shown."""
    named = one.is_bot or consent.allows(one.author_id)
    return MessageRow(
        id=one.id,
        server_id=one.server_id,
        channel_id=one.channel_id,
        channel=labels.rewrite(one.channel_name) if one.in_thread else one.channel_name,
        author=labels.label(one.author_id),
        author_id=one.author_id if named else None,
        at=one.created_at,
        text=labels.rewrite(one.content),
    )


def dispute_row(one: Dispute, labels: Labels) -> DisputeRow:
    """Return a dispute as it is shown."""
    return DisputeRow(labels.label(one.member_id), one.disputed_at, labels.rewrite(one.text))
