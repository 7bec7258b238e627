"""Insights as they are shown: listed, searched, and one with all that it rests on.

In: the store, and who has consented. Out: frozen rows. Nothing about a member without consent is
shown, nor what rests on words said in private; their messages stand in a conversation as `<chat_N>`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import Text, cast, select

from zos.consent.names.store import known_in
from zos.consent.store import ConsentStore
from zos.core.consent import ConsentView
from zos.core.errors import ConsentError
from zos.core.names import KnownMember
from zos.core.topics import TopicKey
from zos.db.tables import insight
from zos.insights.consented.store import without
from zos.insights.model import Insight, InsightFilter, InsightLine, InsightStatus
from zos.insights.provenance.store import messages_behind
from zos.insights.retrieval import InsightRetrieval
from zos.insights.store import SHAREABLE, InsightStore
from zos.observe.store import MessageStore, StoredMessage
from zos.prompts.labels import nameless
from zos.views.insight_origin import disputes_of, origin_of
from zos.views.insight_rows import (
    FoundRow,
    InsightDetail,
    InsightRow,
    LineRow,
    MessageRow,
    SourceInsight,
    dispute_row,
    insight_row,
    labels_of,
    message_row,
    people_in,
    said_in,
    texts_of,
)
from zos.views.page import Page, page_of, parts_of_cursor
from zos.views.titles import topic_titles

if TYPE_CHECKING:
    from zos.config import Config
    from zos.db.engine import Connection, Database

MAX_MESSAGES_BEHIND = 50
"""Messages shown of those behind a source insight, the newest."""

_Told = tuple[dict[int, KnownMember], ConsentView, dict[TopicKey, str], dict[int, str]]
"""Whose names stand in texts, what they say to it, and what topics and members are called."""


class InsightsView:
    """Reads insights for showing.

    Args:
        database: The store.
        config: Its `privacy` says what silence means.
    """

    def __init__(self, database: Database, config: Config) -> None:
        self._database = database
        self._consent = ConsentStore(database, config)
        self._insights = InsightStore(database)
        self._messages = MessageStore(database)
        self._retrieval = InsightRetrieval(database)

    async def page(
        self, which: InsightFilter, *, before: str | None = None, limit: int = 50
    ) -> Page[InsightRow]:
        """Return insights, newest first.

        Args:
            which: Which ones.
            before: The cursor: only what was stored before it.
            limit: 1 to `zos.views.page.MAX_LIMIT`.

        Raises:
            UsageError: If `before` is no cursor.
        """

        async def work(connection: Connection) -> Page[InsightRow]:
            found = await self._insights.page(
                which,
                only=without(self._consent.barred),
                limit=limit + 1,
                before_seq=position,
                connection=connection,
            )
            people = frozenset[int]().union(*map(_members, found))
            known, consent = await self._known(connection, texts_of(found), people)
            topics = (one.topic for one in found)
            titles = await topic_titles(connection, topics, consent, self._consent)
            shown = nameless(known, consent, people)
            page = page_of(found, limit, lambda one: str(one.seq))
            rows = tuple(insight_row(one, titles, shown) for one in page.items)
            return Page(rows, page.next_cursor)

        position = _position(before)
        return await self._database.read_at_once(work)

    async def search(
        self,
        query: str,
        *,
        now: datetime,
        profile: str = "balanced",
        server_id: int | None = None,
        limit: int | None = None,
    ) -> tuple[FoundRow, ...]:
        """Return insights and messages that fit `query` best, best first.

        Args:
            query: Words; see `InsightRetrieval.search`. Nothing is found by the name of a member without
                consent.
            now: Nothing later is found.
            profile: How to search.
            server_id: Only what belongs to this server.
            limit: Hits, at most; None: as many as the profile says.

        Raises:
            UsageError: If there is no such profile.
        """
        called = await self._database.read_at_once(partial(self._known, texts=[query]))
        asked = nameless(*called)(query)
        hits = await self._retrieval.search(
            asked, profile=profile, server_id=server_id, consent=self._consent, now=now, limit=limit
        )
        insights = await self._insights.by_ids(hit.insight_id for hit in hits if hit.insight_id)
        topics = [one.topic for one in insights.values()]
        stored = await self._stored(hit.message_id for hit in hits if hit.message_id)
        in_order = [stored[hit.message_id] for hit in hits if hit.message_id in stored]
        people = frozenset[int]().union(*map(_members, insights.values()))
        texts = (*texts_of(insights.values()), *said_in(in_order))

        async def work(connection: Connection) -> _Told:
            known, consent = await self._known(connection, texts, {*people, *people_in(in_order)})
            titles = await topic_titles(connection, topics, consent, self._consent)
            names = await self._messages.members(people_in(in_order), connection)
            return known, consent, titles, names

        known, consent, titles, names = await self._database.read_at_once(work)
        labels = labels_of(in_order, names, consent, known)
        shown = nameless(known, consent, people)
        messages = {one.id: message_row(one, labels, consent) for one in in_order}
        rows = {one.id: insight_row(one, titles, shown) for one in insights.values()}
        found = (
            (hit, rows.get(hit.insight_id or "") or messages.get(hit.message_id or 0))
            for hit in hits
        )
        return tuple(FoundRow(hit.kind, hit.score, row) for hit, row in found if row is not None)

    async def detail(self, insight_id: str) -> InsightDetail:
        """Return one insight with its statements, down to the messages that they rest on.

        Raises:
            NotFoundError: If there is none of that id.
            ConsentError: If it may not be shown.
        """
        one = await self._insights.get(insight_id)
        below = await self._insights.by_ids(
            source_id for line in one.sources for source_id in line.insight_ids
        )
        in_them = frozenset[int]().union(*map(_members, (one, *below.values())))
        consent = await self._consent.view(among=in_them)
        _insist_on_shareable(one, consent)
        shown = {key: part for key, part in below.items() if _is_shareable(part, consent)}
        topics = [one.topic, *(part.topic for part in shown.values())]
        async with self._database.read() as connection:
            titles = await topic_titles(connection, topics, consent, self._consent)
            behind = await messages_behind(connection, shown)
            behind = {key: ids[-MAX_MESSAGES_BEHIND:] for key, ids in behind.items()}
            origin = await origin_of(connection, one)
            disputes = await disputes_of(connection, insight_id)
            superseded_by, contradicted_by = await _later(connection, one)
        stored = await self._stored(
            [*chain(*behind.values()), *chain(*(line.message_ids for line in one.sources))]
        )
        in_order = _in_order(one.sources, behind, stored)
        present = {**people_in(in_order), **dict.fromkeys(row.member_id for row in disputes)}
        texts = (*texts_of((one, *shown.values())), *said_in(in_order), *said_in(disputes))
        async with self._database.read() as connection:
            known, speakers = await self._known(connection, texts, {*in_them, *present})
            names = await self._messages.members(present, connection)
        labels = labels_of(in_order, names, speakers, known)
        told = nameless(known, speakers, in_them)
        messages = {part.id: message_row(part, labels, speakers) for part in in_order}
        rows = {key: insight_row(part, titles, told) for key, part in shown.items()}
        sources = _Sources(messages, rows, behind, told)
        return InsightDetail(
            insight=insight_row(one, titles, told),
            lines=tuple(sources.line(line) for line in one.sources),
            run=origin.run,
            target=origin.target,
            calls=origin.calls,
            supersedes=one.supersedes,
            superseded_by=superseded_by,
            conflicts_with=one.conflicts_with,
            contradicted_by=contradicted_by,
            disputes=tuple(dispute_row(row, labels) for row in disputes),
        )

    async def _stored(self, message_ids: Iterable[int]) -> dict[int, StoredMessage]:
        found = await self._messages.messages_by_id(message_ids)
        return {one.id: one for one in found if one.scope in SHAREABLE}

    async def _known(
        self, connection: Connection, texts: Iterable[str], people: Iterable[int] = ()
    ) -> tuple[dict[int, KnownMember], ConsentView]:
        """Return whose names stand in `texts`, and what they and `people` say to being named."""
        known = await known_in(connection, texts)
        return known, await self._consent.view(connection, among={*people, *known})


@dataclass(frozen=True, slots=True)
class _Sources:
    """What the lines of one insight rest on, ready to be shown."""

    messages: Mapping[int, MessageRow]
    insights: Mapping[str, InsightRow]
    behind: Mapping[str, tuple[int, ...]]
    told: Callable[[str], str]

    def line(self, line: InsightLine) -> LineRow:
        return LineRow(
            text=self.told(line.text),
            messages=self._rows(line.message_ids),
            gone_message_ids=tuple(one for one in line.message_ids if one not in self.messages),
            insights=tuple(map(self._insight, line.insight_ids)),
        )

    def _insight(self, insight_id: str) -> SourceInsight:
        row = self.insights.get(insight_id)
        if row is None:
            return SourceInsight(insight_id, None, None, None, ())
        messages = self._rows(self.behind.get(insight_id, ()))
        return SourceInsight(insight_id, row.topic, row.title, row.content, messages)

    def _rows(self, message_ids: Iterable[int]) -> tuple[MessageRow, ...]:
        found = (self.messages[one] for one in message_ids if one in self.messages)
        return tuple(sorted(found, key=lambda row: (row.at, row.id)))


def _position(cursor: str | None) -> int | None:
    return None if cursor is None else parts_of_cursor(cursor, 1)[0]


def _members(one: Insight) -> frozenset[int]:
    return one.member_ids.union(one.topic.members)


def _is_shareable(one: Insight, consent: ConsentView) -> bool:
    return (
        one.scope in SHAREABLE
        and one.status is not InsightStatus.QUARANTINED
        and consent.allows_all(one.member_ids)
    )


def _insist_on_shareable(one: Insight, consent: ConsentView) -> None:
    if one.scope not in SHAREABLE:
        raise ConsentError(f"Insight {one.id} rests on direct messages, so it is not shown.")
    if one.status is InsightStatus.QUARANTINED:
        raise ConsentError(f"Insight {one.id} is under quarantine, so it is not shown.")
    if not consent.allows_all(one.member_ids):
        raise ConsentError(
            f"Insight {one.id} has a member in it who has not consented, so it is not shown."
        )


def _in_order(
    lines: Iterable[InsightLine],
    behind: Mapping[str, tuple[int, ...]],
    stored: Mapping[int, StoredMessage],
) -> list[StoredMessage]:
    """Return the messages in the order in which they are shown, which numbers their authors."""
    shown: list[StoredMessage] = []
    for line in lines:
        for ids in (line.message_ids, *(behind.get(one, ()) for one in line.insight_ids)):
            some = [stored[one] for one in ids if one in stored]
            shown += sorted(some, key=lambda message: (message.created_at, message.id))
    return shown


async def _later(connection: Connection, one: Insight) -> tuple[str | None, tuple[str, ...]]:
    """Return what replaced an insight, and what contradicts it, among later ones about its topic."""
    conflicts = cast(insight.c.conflicts_with, Text)
    query = (
        select(insight.c.id, insight.c.supersedes)
        .where(
            insight.c.topic_key == str(one.topic),
            insight.c.seq > one.seq,
            (insight.c.supersedes == one.id) | conflicts.contains(one.id, autoescape=True),
        )
        .order_by(insight.c.seq)
    )
    rows = (await connection.execute(query)).all()
    superseding = next((row.id for row in rows if row.supersedes == one.id), None)
    return superseding, tuple(row.id for row in rows if row.supersedes != one.id)
