"""The queries for what is behind a topic, each built once for all topics of its shape.

In: a shape, and apart from it the values. Out: statements of `MESSAGE_ROWS` or reactions, newest first.
Building one costs more than running it.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    union,
)

from zos.core.topics import TopicCategory, TopicKey
from zos.db.tables import (
    channel,
    emoji_use,
    member,
    mention,
    message,
    reaction,
    role_mention,
    subject_mention,
)
from zos.observe.events import ChannelKind

_SPACES = {
    TopicCategory.CHANNEL,
    TopicCategory.THREAD,
    TopicCategory.USER_IN_CHANNEL,
    TopicCategory.DYAD_IN_CHANNEL,
}
_ONE: BindParameter[int] = bindparam("one")
_OTHER: BindParameter[int] = bindparam("other")
_CHANNEL: BindParameter[int] = bindparam("channel")
_MARK: BindParameter[int] = bindparam("mark")
_UP_TO: BindParameter[int] = bindparam("up_to")

MESSAGE_ROWS = (
    select(
        message.c.id,
        message.c.server_id,
        message.c.channel_id,
        channel.c.name.label("channel_name"),
        (channel.c.kind == ChannelKind.THREAD.value).label("in_thread"),
        message.c.author_id,
        member.c.display_name.label("author_name"),
        message.c.is_bot,
        message.c.created_at,
        message.c.content,
        message.c.reply_to_id,
        message.c.reply_to_author_id,
        message.c.scope,
    )
    .join(channel, channel.c.id == message.c.channel_id)
    .join(member, member.c.id == message.c.author_id)
)
_REACTION_ROWS = select(
    reaction.c.message_id,
    reaction.c.emoji,
    reaction.c.emoji_id,
    reaction.c.emoji_name,
    reaction.c.member_id,
    reaction.c.count.label("how_many"),  # a row has a method of the column's name
    reaction.c.reacted_at,
).join(message, message.c.id == reaction.c.message_id)


class Shape(NamedTuple):
    """What decides how a query of a topic is built; all else is given to it, so each is built once.

    `with_threads`: a channel's messages are also those of its threads.
    """

    category: TopicCategory
    in_server: bool
    since: bool
    with_threads: bool


def given(key: TopicKey, after: datetime | None, until: datetime, limit: int) -> dict[str, object]:
    """Return what such a query is given."""
    one, other, *_ = (*key.members, None, None)
    return {
        "server": key.server_id,
        "channel": key.channel_id,
        "one": one,
        "other": other,
        "mark": key.ids[0] if key.ids else None,
        "subject": str(key),
        "after": after,
        "until": until,
        "up_to": limit,
    }


@cache
def messages_of(shape: Shape) -> Select[Any] | None:
    """Return the query of the newest messages behind topics of a shape, or None if those have none."""
    branches = _message_branches(shape)
    if not branches:
        return None
    newest = union(*(select(_newest(branch, shape).subquery()) for branch in branches))
    return (
        MESSAGE_ROWS.where(message.c.id.in_(select(newest.subquery().c.id)))
        .order_by(message.c.created_at.desc(), message.c.id.desc())
        .limit(_UP_TO)
    )


@cache
def reactions_of(shape: Shape) -> Select[Any] | None:
    """Return the query of the newest reactions behind topics of a shape, or None if those have none."""
    conditions = _reaction_conditions(shape)
    if not conditions:
        return None
    return (
        _REACTION_ROWS.where(*conditions, reaction.c.removed_at.is_(None))
        .where(*_in_window(reaction.c.reacted_at, shape), *_in_server(shape))
        .order_by(reaction.c.reacted_at.desc(), reaction.c.message_id.desc(), reaction.c.emoji)
        .limit(_UP_TO)
    )


class _Branch(NamedTuple):
    """A query of message ids and times, and the time column that its window is about.

    `repeats`: it has a message as often as that column has times for it.
    """

    query: Select[Any]
    moment: ColumnElement[datetime] = message.c.created_at
    repeats: bool = False


def _newest(branch: _Branch, shape: Shape) -> Select[Any]:
    query = branch.query.where(
        *_in_window(branch.moment, shape), message.c.created_at <= bindparam("until")
    )
    latest = branch.moment
    if branch.repeats:
        query = query.group_by(message.c.id, message.c.created_at)
        latest = func.max(branch.moment)
    return query.order_by(latest.desc(), message.c.id.desc()).limit(_UP_TO)


def _in_window(moment: ColumnElement[datetime], shape: Shape) -> list[ColumnElement[bool]]:
    until = [moment <= bindparam("until")]
    return [moment > bindparam("after"), *until] if shape.since else until


def _in_server(shape: Shape) -> list[ColumnElement[bool]]:
    return [message.c.server_id == bindparam("server")] if shape.in_server else []


def _space(shape: Shape) -> list[ColumnElement[bool]]:
    if shape.category not in _SPACES:
        return []
    here = message.c.channel_id == _CHANNEL
    if not shape.with_threads:
        return [here]
    threads = select(channel.c.id).where(channel.c.parent_id == _CHANNEL)
    return [or_(here, message.c.channel_id.in_(threads))]


def _message_branches(shape: Shape) -> list[_Branch]:
    ids = select(message.c.id, message.c.created_at).where(*_in_server(shape), *_space(shape))
    match shape.category:
        case TopicCategory.DYAD | TopicCategory.DYAD_IN_CHANNEL:
            return _pair_branches(ids)
        case TopicCategory.USER | TopicCategory.USER_IN_CHANNEL:
            return [_Branch(ids.where(message.c.author_id == _ONE))]
        case TopicCategory.CHANNEL | TopicCategory.THREAD:
            return [_Branch(ids)]
        case _:
            return _reference_branches(shape, ids)


def _reference_branches(shape: Shape, ids: Select[Any]) -> list[_Branch]:
    match shape.category:
        case TopicCategory.EMOJI:
            used = ids.join(emoji_use).where(emoji_use.c.emoji_id == _MARK)
            reacted = ids.join(reaction).where(
                reaction.c.emoji_id == _MARK, reaction.c.removed_at.is_(None)
            )
            return [_Branch(used), _Branch(reacted, reaction.c.reacted_at, repeats=True)]
        case TopicCategory.ROLE:
            return [_Branch(ids.join(role_mention).where(role_mention.c.role_id == _MARK))]
        case TopicCategory.SUBJECT:
            named = ids.join(subject_mention, subject_mention.c.message_id == message.c.id)
            return [_Branch(named.where(subject_mention.c.topic_key == bindparam("subject")))]
        case _:
            return []


def _pair_branches(ids: Select[Any]) -> list[_Branch]:
    branches: list[_Branch] = []
    for author, partner in ((_ONE, _OTHER), (_OTHER, _ONE)):
        written = ids.where(message.c.author_id == author)
        mentioning = written.join(mention, mention.c.message_id == message.c.id)
        branches += [
            _Branch(written.where(message.c.reply_to_author_id == partner)),
            _Branch(mentioning.where(mention.c.member_id == partner)),
        ]
    return branches


def _reaction_conditions(shape: Shape) -> list[ColumnElement[bool]]:
    given_by, got_by = reaction.c.member_id, message.c.author_id
    match shape.category:
        case TopicCategory.DYAD | TopicCategory.DYAD_IN_CHANNEL:
            there = and_(given_by == _ONE, got_by == _OTHER)
            back = and_(given_by == _OTHER, got_by == _ONE)
            return [*_space(shape), or_(there, back)]
        case TopicCategory.USER | TopicCategory.USER_IN_CHANNEL:
            return [*_space(shape), or_(given_by == _ONE, got_by == _ONE)]
        case TopicCategory.EMOJI:
            return [reaction.c.emoji_id == _MARK]
        case _:
            return _space(shape)
