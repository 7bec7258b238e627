"""Search over insights and messages.

In: words from anybody, and who may see what. Out: `Hit`s: which insights and messages, never their
texts. Scope, server, status, time and consent are conditions of the queries: what fails them is not
found, and lends its words to nothing beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, Select, Table, func, select, tuple_

from zos.core.consent import ConsentView
from zos.core.scopes import Scope
from zos.db.sets import is_one_of
from zos.db.tables import insight, insight_member, message
from zos.insights.consented.store import narrowed, only_consented
from zos.insights.index.store import MIN_PART, text_index
from zos.insights.model import InsightStatus
from zos.insights.profiles import Profile, profile_named
from zos.insights.ranking import Text, best, conjunctions, scores, weights_of
from zos.insights.store import SHAREABLE
from zos.insights.terms import query_terms

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.consent.store import ConsentStore
    from zos.db.engine import Database


class HitKind(StrEnum):
    """What was found."""

    INSIGHT = "insight"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found.

    Attributes:
        insight_id: The insight, or None.
        message_id: The message, or None.
        score: How well it fits, up to 1; only the order within one search means anything.
        at: When it was written or stored.
    """

    kind: HitKind
    insight_id: str | None
    message_id: int | None
    score: float
    at: datetime


@dataclass(frozen=True, slots=True)
class _Ask:
    terms: tuple[str, ...]
    profile: Profile
    server_id: int | None
    scopes: tuple[str, ...]
    consent: ConsentView | ConsentStore
    now: datetime


class InsightRetrieval:
    """Finds insights and messages by their words.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._messages = text_index(database, message, message.c.id)
        self._insights = text_index(database, insight, insight.c.seq)

    async def search(
        self,
        query: str,
        *,
        profile: str = "balanced",
        server_id: int | None = None,
        scopes: Collection[Scope] = SHAREABLE,
        consent: ConsentView | ConsentStore,
        now: datetime,
        limit: int | None = None,
    ) -> list[Hit]:
        """Return what fits `query` best, best first; nothing for a query without words.

        Insights are active ones in which everybody may be thought about. Messages are people's, not
        bots', and may be by members without consent: who shows them calls their authors `<chat_N>`.

        Args:
            query: Words, as anybody may have written them; no search syntax.
            profile: A name of `zos.insights.profiles.PROFILES`.
            server_id: Only what belongs to this server; None: to any, or to none.
            scopes: Only what has one of these scopes.
            consent: Who may be thought about; a store is asked about the members found alone.
            now: Nothing later is found.
            limit: Hits, at most; None: as many as the profile says.

        Raises:
            UsageError: If there is no such profile.
        """
        chosen = profile_named(profile)
        terms = query_terms(query)
        if not terms:
            return []
        values = tuple(sorted(scope.value for scope in scopes))
        ask = _Ask(terms, chosen, server_id, values, consent, now)

        async def work(connection: AsyncConnection) -> list[Hit]:
            return [
                *await self._find_messages(connection, ask),
                *await self._find_insights(connection, ask),
            ]

        hits = await self._database.read_at_once(work)
        hits.sort(key=_place, reverse=True)
        return hits[: chosen.limit if limit is None else limit]

    async def _find_messages(self, connection: AsyncConnection, ask: _Ask) -> list[Hit]:
        counts = await self._messages.counts(connection, ask.terms)
        allowed = [*_allowed(message, ask), message.c.is_bot.is_(False)]
        matches = await self._messages.matches(connection, conjunctions(counts), (), allowed)
        weights = weights_of(counts)
        keys = best(matches, weights, ask.profile.candidates)
        query = _MESSAGE_TEXTS.where(is_one_of(self._database, message.c.id, keys))
        texts = [_text(row) for row in (await connection.execute(query)).all()]
        score = scores(texts, matches, weights, ask.profile.weights)
        factor = ask.profile.messages
        return [
            Hit(HitKind.MESSAGE, None, text.key, score[text.key] * factor, text.at)
            for text in texts
        ]

    async def _find_insights(self, connection: AsyncConnection, ask: _Ask) -> list[Hit]:
        counts = await self._insights.counts(connection, ask.terms)
        parts = [term for term in ask.terms if not counts[term] and len(term) >= MIN_PART]
        allowed = [*_allowed(insight, ask), insight.c.status == InsightStatus.ACTIVE.value]
        matches = await self._insights.matches(connection, conjunctions(counts), parts, allowed)
        weights = weights_of({**counts, **dict.fromkeys(parts, 1)})
        keys = best(matches, weights, ask.profile.candidates)
        found = is_one_of(self._database, insight.c.seq, keys)
        consent = await _among(await _members_in(connection, found), connection, ask.consent)
        query = _INSIGHT_TEXTS.where(found, only_consented(self._database, consent))
        rows = (await connection.execute(query)).all()
        texts = [_text(row, row.importance, row.confidence) for row in rows]
        score = scores(texts, matches, weights, ask.profile.weights)
        factor = ask.profile.insights
        return [Hit(HitKind.INSIGHT, row.id, None, score[row.key] * factor, row.at) for row in rows]


async def _members_in(connection: AsyncConnection, which: ColumnElement[bool]) -> Sequence[int]:
    query = (
        select(insight_member.c.member_id)
        .join(insight, insight.c.id == insight_member.c.insight_id)
        .where(which)
        .distinct()
    )
    return (await connection.execute(query)).scalars().all()


async def _among(
    member_ids: Sequence[int], connection: AsyncConnection, consent: ConsentView | ConsentStore
) -> ConsentView:
    if isinstance(consent, ConsentView):
        return narrowed(consent, member_ids)
    return await consent.view(connection, among=member_ids)


def _place(hit: Hit) -> tuple[float, datetime, str, int]:
    return hit.score, hit.at, hit.insight_id or "", hit.message_id or 0


def _allowed(table: Table, ask: _Ask) -> list[ColumnElement[bool]]:
    in_server = [] if ask.server_id is None else [table.c.server_id == ask.server_id]
    return [table.c.scope.in_(ask.scopes), table.c.created_at <= ask.now, *in_server]


def _texts(
    table: Table,
    key: ColumnElement[int],
    together: ColumnElement[Any],
    order: tuple[ColumnElement[Any], ...],
) -> Select[Any]:
    """Return the query of what is known about texts; neighbours have `together` in common."""
    other = table.alias("neighbour")
    other_order = [other.c[part.name] for part in order]
    beside = select(other.c[key.name]).where(other.c[together.name] == together).limit(1)
    before = beside.where(tuple_(*other_order) < tuple_(*order))
    after = beside.where(tuple_(*other_order) > tuple_(*order))
    return select(
        key.label("key"),
        func.length(table.c.content).label("length"),
        before.order_by(*(part.desc() for part in other_order)).scalar_subquery().label("before"),
        after.order_by(*other_order).scalar_subquery().label("after"),
        table.c.created_at.label("at"),
    )


def _text(row: Row[Any], importance: float | None = None, confidence: float | None = None) -> Text:
    return Text(row.key, row.length, row.before, row.after, row.at, importance, confidence)


_MESSAGE_TEXTS = _texts(
    message, message.c.id, message.c.channel_id, (message.c.created_at, message.c.id)
)
_INSIGHT_TEXTS = _texts(insight, insight.c.seq, insight.c.topic_key, (insight.c.seq,)).add_columns(
    insight.c.id, insight.c.importance, insight.c.confidence
)
