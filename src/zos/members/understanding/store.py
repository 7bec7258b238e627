"""Insights that have to do with a member, model calls that were shown their words, and their disputes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Integer,
    String,
    bindparam,
    case,
    func,
    insert,
    literal,
    or_,
    select,
    union,
)

from zos.consent.names.store import known_in
from zos.core.consent import ConsentView
from zos.core.links import message_link
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.sets import one_of
from zos.db.tables import (
    dispute,
    insight,
    insight_member,
    insight_source,
    message,
    model_call,
    model_call_member,
)
from zos.insights.model import InsightStatus, Method
from zos.insights.provenance.store import LineSources, members_of, sources_of
from zos.members.knowledge.store import titles_for
from zos.members.model import Dispute, KnownCall, KnownInsight, KnownLine, SourceMessage
from zos.prompts.labels import nameless
from zos.reflect.places.store import places_named

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.consent.store import ConsentStore

SOURCE = "source"
"""The role of a member on whose messages an insight rests without being about, naming or quoting them."""

PRIVATE = "It rests on direct messages."
OTHERS = "Somebody else in it has not consented."


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom insights are read.

    Attributes:
        member_id: The member they have to do with.
        private: The member themselves will read it: what rests on their direct messages is shown.
    """

    member_id: int
    private: bool


async def roles_in(
    connection: AsyncConnection, member_id: int, *, before_id: str | None, limit: int
) -> dict[str, tuple[str, ...]]:
    """Return the newest insights that have to do with a member, newest first, and how they do."""
    given = {"member": member_id, "before": before_id, "limit": limit}
    roles: dict[str, list[str]] = defaultdict(list)
    for row in await connection.execute(_ROLES, given):
        roles[row.id].append(row.role)
    return {one: tuple(some) for one, some in roles.items()}


async def count_insights(connection: AsyncConnection, member_id: int) -> int:
    """Return how many insights have to do with a member."""
    return (await connection.execute(_COUNT_INSIGHTS, {"member": member_id})).scalar_one()


async def known_insights(
    connection: AsyncConnection,
    consents: ConsentStore,
    reader: Reader,
    roles: Mapping[str, tuple[str, ...]],
) -> tuple[KnownInsight, ...]:
    """Return insights as their member may know them, in the order of `roles`."""
    found = await connection.execute(_INSIGHTS, {"ids": [*roles]})
    rows = {row.id: row for row in found}
    people = await members_of(connection, roles)
    sources = await sources_of(connection, roles)
    cited = {one for lines in sources.values() for some, _ in lines.values() for one in some}
    messages = await _source_messages(connection, consents, reader, cited)
    said = (one.text for one in messages.values() if one.text is not None)
    known = await known_in(connection, chain(said, *map(_texts, rows.values())))
    keys = {one: TopicKey.parse(row.topic_key) for one, row in rows.items()}
    of_topics = chain(*(key.members for key in keys.values()))
    view = await consents.view(connection, among={*chain(*people.values()), *of_topics, *known})
    titles = await titles_for(connection, keys.values(), reader.member_id, view, consents)
    if not reader.private:
        told = nameless(known, view, [reader.member_id])
        messages = {one: _told(message, told) for one, message in messages.items()}
    return tuple(
        _known(
            rows[one],
            roles[one],
            titles[keys[one]],
            _withheld(rows[one], people.get(one, frozenset()), reader, view),
            _lines(rows[one].content, sources.get(one, {}), messages),
            shown=nameless(known, view, {*people.get(one, ()), reader.member_id}),
        )
        for one in roles
        if one in rows
    )


def _told(one: SourceMessage, told: Callable[[str], str]) -> SourceMessage:
    return one if one.text is None else replace(one, text=told(one.text))


async def _source_messages(
    connection: AsyncConnection, consents: ConsentStore, reader: Reader, ids: Collection[int]
) -> dict[int, SourceMessage]:
    """Return those of the messages `ids` that are stored; only the member's own with their text."""
    given = {"ids": ids, "member": reader.member_id}
    rows = (await connection.execute(_MESSAGES, given)).all()
    places = await places_named(connection, {row.channel_id for row in rows}, consents)
    return {row.id: _source(row, places[row.channel_id], reader) for row in rows}


async def model_calls(
    connection: AsyncConnection, member_id: int, *, before: str | None, limit: int
) -> tuple[KnownCall, ...]:
    """Return the newest model calls whose prompts held words of a member."""
    given = {"member": member_id, "before": before or _BEHIND_ALL, "limit": limit}
    return tuple(KnownCall(*row) for row in await connection.execute(_CALLS, given))


async def count_calls(connection: AsyncConnection, member_id: int) -> int:
    """Return how many model calls were shown words of a member."""
    return (await connection.execute(_COUNT_CALLS, {"member": member_id})).scalar_one()


async def disputes_of(connection: AsyncConnection, member_id: int) -> tuple[Dispute, ...]:
    """Return what a member holds against insights, newest first."""
    rows = await connection.execute(_DISPUTES, {"member": member_id})
    return tuple(Dispute(**row._asdict()) for row in rows)


async def add_dispute(connection: AsyncConnection, one: Dispute) -> None:
    """Store a dispute, in a write transaction."""
    row = {name: getattr(one, name) for name in Dispute.__dataclass_fields__}
    await connection.execute(insert(dispute), row)


async def roles_of(
    connection: AsyncConnection, member_id: int, insight_id: str
) -> tuple[str, ...] | None:
    """Return how an insight has to do with a member (perhaps not at all); None: there is no such insight."""
    if await connection.scalar(select(insight.c.id).where(insight.c.id == insight_id)) is None:
        return None
    query = select(_TOUCHED.c.role).where(_TOUCHED.c.insight_id == insight_id)
    found = await connection.scalars(query.order_by(_TOUCHED.c.role), {"member": member_id})
    return tuple(found)


_MEMBER = bindparam("member", type_=BigInteger)
_BEFORE = bindparam("before", type_=String)
_LIMIT = bindparam("limit", type_=Integer)
_TOUCHED = union(
    select(insight_member.c.insight_id, insight_member.c.role).where(
        insight_member.c.member_id == _MEMBER
    ),
    select(insight_source.c.insight_id, literal(SOURCE).label("role"))
    .join(message, message.c.id == insight_source.c.message_id)
    .where(message.c.author_id == _MEMBER),
).subquery()
_COUNT_INSIGHTS = select(func.count(_TOUCHED.c.insight_id.distinct()))
_LAST = select(insight.c.seq).where(insight.c.id == _BEFORE).scalar_subquery()
_NEWEST = (
    select(insight.c.seq, insight.c.id)
    .where(insight.c.id.in_(select(_TOUCHED.c.insight_id)))
    .where(or_(_BEFORE.is_(None), insight.c.seq < _LAST))
    .order_by(insight.c.seq.desc())
    .limit(_LIMIT)
    .subquery()
)
_ROLES = (
    select(_NEWEST.c.id, _TOUCHED.c.role)
    .join(_TOUCHED, _TOUCHED.c.insight_id == _NEWEST.c.id)
    .order_by(_NEWEST.c.seq.desc(), _TOUCHED.c.role)
)
_INSIGHTS = select(insight).where(one_of(insight.c.id, "ids"))
_MESSAGES = select(
    message.c.id,
    message.c.server_id,
    message.c.channel_id,
    message.c.created_at,
    message.c.scope,
    (message.c.author_id == _MEMBER).label("is_own"),
    case((message.c.author_id == _MEMBER, message.c.content)).label("content"),
).where(one_of(message.c.id, "ids"))
_BEHIND_ALL = "Z"  # an id begins with a digit
_OF_MEMBER = model_call_member.c.member_id == _MEMBER
_CALLS = (
    select(*(model_call.c[name] for name in KnownCall.__dataclass_fields__))
    .join(model_call_member, model_call_member.c.call_id == model_call.c.id)
    .where(_OF_MEMBER, model_call.c.id < _BEFORE)
    .order_by(model_call.c.id.desc())
    .limit(_LIMIT)
)
_COUNT_CALLS = select(func.count()).where(_OF_MEMBER)
_DISPUTES = select(dispute).where(dispute.c.member_id == _MEMBER).order_by(dispute.c.id.desc())


def _withheld(row: Any, people: Iterable[int], reader: Reader, consents: ConsentView) -> str:
    # What somebody said in private is theirs alone, also where others are behind it or in it.
    is_own = reader.private and set(TopicKey.parse(row.topic_key).members) == {reader.member_id}
    if row.scope == Scope.DM.value and not is_own:
        return PRIVATE
    others = [one for one in people if one != reader.member_id]
    return "" if all(map(consents.allows, others)) else OTHERS


def _texts(row: Any) -> Iterable[str]:
    return row.content, *row.open_questions


def _known(
    row: Any,
    roles: Sequence[str],
    title: str,
    withheld: str,
    lines: Iterable[KnownLine],
    *,
    shown: Callable[[str], str],
) -> KnownInsight:
    return KnownInsight(
        id=row.id,
        topic=row.topic_key,
        title=title,
        server_id=row.server_id,
        layer=row.layer,
        created_at=row.created_at,
        status=InsightStatus(row.status),
        scope=Scope(row.scope),
        method=Method(row.method),
        confidence=row.confidence,
        importance=row.importance,
        roles=tuple(roles),
        withheld=withheld,
        lines=() if withheld else tuple(replace(one, text=shown(one.text)) for one in lines),
        open_questions=() if withheld else tuple(map(shown, row.open_questions)),
    )


def _lines(
    content: str, sources: LineSources, messages: Mapping[int, SourceMessage]
) -> Iterable[KnownLine]:
    by_line: Mapping[int, tuple[list[int], list[str]]] = defaultdict(lambda: ([], []), sources)
    for number, text in enumerate(content.split("\n")):
        message_ids, insight_ids = by_line[number]
        found = sorted((messages[one] for one in message_ids if one in messages), key=_when)
        gone = tuple(one for one in message_ids if one not in messages)
        yield KnownLine(text, tuple(found), gone, tuple(insight_ids))


def _when(one: SourceMessage) -> tuple[object, int]:
    return one.at, one.id


def _source(row: Any, place: str, reader: Reader) -> SourceMessage:
    readable = row.is_own and (reader.private or row.scope != Scope.DM.value)
    return SourceMessage(
        id=row.id,
        server_id=row.server_id,
        channel_id=row.channel_id,
        channel=place,
        at=row.created_at,
        is_own=bool(row.is_own),
        text=row.content if readable else None,
        link=message_link(row.server_id, row.channel_id, row.id),
    )
