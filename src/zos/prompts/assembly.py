"""What a model is shown of what was found, and what its answers' references mean.

In: a topic, messages, reactions and insights as stored, and who consented. Out: `Assembled`:
`Material` with short references and labels, and the way back from references to ids. Here it is
decided what may be shown (no words said in private beyond the one they were said by) and what
counts as evidence (never Zos's own words, nor what it thought about the topic before).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from zos.core.consent import ConsentView
from zos.core.names import KnownMember
from zos.core.scopes import Scope, strictest
from zos.core.topics import TopicCategory, TopicKey
from zos.insights.model import Insight
from zos.llm.request import Material, MaterialItem
from zos.observe.store import StoredMessage, StoredReaction
from zos.prompts.labels import Labels


@dataclass(frozen=True, slots=True)
class Found:
    """What was found about a topic.

    Attributes:
        names: Display names of everyone who appears (authors need not be in it).
        title: What the topic is called, for people.
        titles: What the topics of `insights` are called, by key.
        known: Members whose names may stand in all this.
    """

    topic: TopicKey
    title: str
    messages: Sequence[StoredMessage] = ()
    reactions: Sequence[StoredReaction] = ()
    insights: Sequence[Insight] = ()
    names: Mapping[int, str] | None = None
    titles: Mapping[TopicKey, str] | None = None
    known_subjects: tuple[str, ...] = ()
    known: Mapping[int, KnownMember] | None = None


@dataclass(frozen=True, slots=True)
class Assembled:
    """What may be shown, and the way back.

    Attributes:
        topic: What it is about.
        material: The items, oldest first.
        messages: Messages by reference.
        insights: Insights by reference.
        reactions: Those to the messages shown, by reference.
        labels: What people are called.
    """

    topic: TopicKey
    material: Material
    messages: Mapping[str, StoredMessage]
    insights: Mapping[str, Insight]
    reactions: Mapping[str, tuple[StoredReaction, ...]]
    labels: Labels

    def evidence(
        self, refs: Iterable[str], about: TopicKey
    ) -> tuple[tuple[int, ...], tuple[str, ...]]:
        """Return the message ids and insight ids among `refs` that a statement about a topic may rest on.

        People's messages always count. Insights count where `about` stands above other topics (a
        global one, or Zos itself), unless they are about that very topic.
        """
        messages = [self.messages[ref] for ref in refs if ref in self.messages]
        insights = [self.insights[ref] for ref in refs if ref in self.insights]
        return (
            tuple(one.id for one in messages if not one.is_bot),
            tuple(one.id for one in insights if _counts(one, about)),
        )

    def scope(self, refs: Iterable[str]) -> Scope:
        """Return the strictest scope of the messages and insights behind `refs`."""
        return strictest(
            self.messages[ref].scope if ref in self.messages else _derived(self.insights[ref])
            for ref in refs
        )

    @property
    def people(self) -> frozenset[int]:
        """The members by or about whom something is shown, bots apart."""
        refs = [item.ref for item in self.material.items]
        messages = (self.messages[ref] for ref in refs if ref in self.messages)
        insights = (self.insights[ref] for ref in refs if ref in self.insights)
        authors = (one.author_id for one in messages if not one.is_bot)
        return frozenset(authors).union(*(one.member_ids for one in insights))

    def only(self, refs: Iterable[str]) -> Assembled:
        """Return the same with the items of `refs` alone."""
        wanted = frozenset(refs)
        items = tuple(item for item in self.material.items if item.ref in wanted)
        return replace(self, material=replace(self.material, items=items))


def assemble(found: Found, consent: ConsentView) -> Assembled:
    """Choose and label what may be shown of `found`."""
    messages = [one for one in found.messages if _may_show(found.topic, one)]
    insights = [one for one in found.insights if _may_recall(found.topic, one, consent)]
    refs = {one.id: f"m{number}" for number, one in enumerate(messages, 1)}
    labels = _labels(found, messages, consent)
    shown = [_message_item(one, refs, labels, consent) for one in messages]
    recalled = [
        _insight_item(f"i{number}", one, labels, found.titles or {})
        for number, one in enumerate(insights, 1)
    ]
    items = sorted((*recalled, *shown), key=lambda item: item.at)
    return Assembled(
        topic=found.topic,
        material=Material(
            found.title,
            tuple(items),
            tuple(one for one in found.known_subjects if labels.rewrite(one) == one),
        ),
        messages={refs[one.id]: one for one in messages},
        insights={f"i{number}": one for number, one in enumerate(insights, 1)},
        reactions=_by_ref(found.reactions, refs),
        labels=labels,
    )


def _counts(insight: Insight, about: TopicKey) -> bool:
    stands_above = about.server_id is None or about.category is TopicCategory.SELF
    return stands_above and insight.topic != about


def _may_show(topic: TopicKey, message: StoredMessage) -> bool:
    """Return whether a message may be shown: words said in private only to their author's own global topic."""
    return message.scope is not Scope.DM or topic == TopicKey.user(message.author_id)


def _may_recall(topic: TopicKey, insight: Insight, consent: ConsentView) -> bool:
    if insight.scope is Scope.DM and insight.topic != topic:
        return False
    return consent.allows_all(insight.member_ids | frozenset(insight.topic.members))


def _labels(found: Found, messages: Sequence[StoredMessage], consent: ConsentView) -> Labels:
    names = {**(found.names or {}), **{one.author_id: one.author_name for one in messages}}
    bots = frozenset(one.author_id for one in messages if one.is_bot)
    return Labels(names, _appearing(messages), consent, bots, found.known)


def _appearing(messages: Iterable[StoredMessage]) -> Iterable[int]:
    for message in messages:
        yield message.author_id
        if message.reply_to_author_id is not None:
            yield message.reply_to_author_id
        yield from message.mention_ids


def _message_item(
    message: StoredMessage, refs: Mapping[int, str], labels: Labels, consent: ConsentView
) -> MaterialItem:
    return MaterialItem(
        ref=refs[message.id],
        speaker=labels.label(message.author_id),
        quotable=consent.allows(message.author_id) and not message.is_bot,
        is_bot=message.is_bot,
        at=message.created_at,
        text=labels.rewrite(message.content),
        reply_to=refs.get(message.reply_to_id) if message.reply_to_id is not None else None,
        mentions=tuple(labels.label(one) for one in message.mention_ids),
    )


def _insight_item(
    ref: str, insight: Insight, labels: Labels, titles: Mapping[TopicKey, str]
) -> MaterialItem:
    return MaterialItem(
        ref=ref,
        speaker=titles.get(insight.topic, str(insight.topic)),
        quotable=True,
        is_bot=False,
        at=insight.created_at,
        text=labels.rewrite(insight.content),
    )


def _by_ref(
    reactions: Iterable[StoredReaction], refs: Mapping[int, str]
) -> dict[str, tuple[StoredReaction, ...]]:
    found: dict[str, list[StoredReaction]] = {}
    for reaction in reactions:
        if reaction.message_id in refs:
            found.setdefault(refs[reaction.message_id], []).append(reaction)
    return {ref: tuple(some) for ref, some in found.items()}


def _derived(insight: Insight) -> Scope:
    return strictest((insight.scope, Scope.DERIVED))
