"""What a target's fetching nodes found, with the names it takes to show it.

In: a target's context. Out: `Assembled`, made once and kept, so that references mean the same for
all of a target's nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from zos.consent.names.store import known_in
from zos.core.topics import TopicCategory, TopicKey
from zos.db.engine import Connection
from zos.prompts.assembly import Assembled, Found, assemble
from zos.prompts.labels import SOMEONE, nameless
from zos.reflect.context import Gathered, TargetContext
from zos.reflect.tools import NodeTools

MAX_SUBJECTS = 40
"""Names of a server's subjects that a model is told, those with most attention."""


async def assembled(context: TargetContext, tools: NodeTools) -> Assembled:
    """Return what may be shown of what `context` has gathered."""
    if context.assembled is None:
        found = await tools.reading(lambda connection: _found(context, tools, connection))
        context.assembled = assemble(found, context.brief.consent)
    return context.assembled


async def _found(context: TargetContext, tools: NodeTools, connection: Connection) -> Found:
    brief, gathered = context.brief, context.gathered
    topics = list(dict.fromkeys((brief.topic, *(one.topic for one in gathered.insights))))
    names = await tools.messages.members(_members(topics, gathered), connection)
    channels = await _channels(topics, gathered, tools, connection)
    subjects = await _subjects(brief.topic, tools, connection)
    threads = _threads(topics, gathered)
    texts = (*_texts(gathered), *subjects, *(channels[one] for one in threads), brief.self_concept)
    known = await known_in(connection, texts)
    told = nameless(known, brief.consent)
    channels |= {one: told(channels[one]) for one in threads}
    allowed = {one: name for one, name in names.items() if brief.consent.allows(one)}
    titles = {topic: title_of(topic, allowed, channels, gathered) for topic in topics}
    return Found(
        topic=brief.topic,
        title=titles[brief.topic],
        messages=[
            replace(one, channel_name=channels[one.channel_id]) if one.in_thread else one
            for one in gathered.messages
        ],
        reactions=gathered.reactions,
        insights=gathered.insights,
        names=names,
        titles=titles,
        known_subjects=subjects,
        known=known,
    )


def title_of(
    topic: TopicKey, names: Mapping[int, str], channels: Mapping[int, str], gathered: Gathered
) -> str:
    """Return what a topic is called, for people and prompts.

    Args:
        topic: The topic.
        names: Display names of members who may be named.
        channels: Names of channels.
        gathered: Emoji are called as in its reactions.
    """
    who = " and ".join(names.get(one, SOMEONE) for one in topic.members)
    where = f"#{channels.get(topic.channel_id, topic.channel_id)}" if topic.channel_id else ""
    match topic.category:
        case TopicCategory.SELF:
            return "Zos"
        case TopicCategory.SUBJECT:
            return topic.name
        case TopicCategory.EMOJI:
            return f":{_emoji_name(topic.ids[0], gathered)}:"
        case TopicCategory.ROLE:
            return f"the role {topic.ids[0]}"
        case _:
            return " in ".join(part for part in (who, where) if part)


def _emoji_name(emoji_id: int, gathered: Gathered) -> str:
    names = (one.emoji_name for one in gathered.reactions if one.emoji_id == emoji_id)
    return next(names, str(emoji_id))


def _members(topics: Iterable[TopicKey], gathered: Gathered) -> frozenset[int]:
    return frozenset(_everyone(topics, gathered))


def _everyone(topics: Iterable[TopicKey], gathered: Gathered) -> Iterator[int]:
    for topic in topics:
        yield from topic.members
    for message in gathered.messages:
        yield from message.mention_ids
        if message.reply_to_author_id is not None:
            yield message.reply_to_author_id
    for reaction in gathered.reactions:
        if reaction.member_id is not None:
            yield reaction.member_id


def _threads(topics: Iterable[TopicKey], gathered: Gathered) -> set[int]:
    found = {one.channel_id for one in gathered.messages if one.in_thread}
    return found.union(one.ids[0] for one in topics if one.category is TopicCategory.THREAD)


def _texts(gathered: Gathered) -> Iterator[str]:
    yield from (one.content for one in gathered.messages)
    yield from (one.content for one in gathered.insights)


async def _channels(
    topics: Iterable[TopicKey], gathered: Gathered, tools: NodeTools, connection: Connection
) -> dict[int, str]:
    known = {one.channel_id: one.channel_name for one in gathered.messages}
    for channel_id in {one.channel_id for one in topics if one.channel_id} - known.keys():
        name = await tools.messages.channel_name(channel_id, connection)
        known[channel_id] = name or str(channel_id)
    return known


async def _subjects(topic: TopicKey, tools: NodeTools, connection: Connection) -> tuple[str, ...]:
    if topic.server_id is None:
        return ()
    known = await tools.ledger.top(
        limit=MAX_SUBJECTS,
        category=TopicCategory.SUBJECT,
        server_id=topic.server_id,
        connection=connection,
    )
    return tuple(one.key.name for one in known)
