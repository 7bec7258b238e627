"""Outbox rows: written with the target, delivered later, tried again with growing pauses, then given up.

A row that was withdrawn after something of it was posted is tried in the same way until that is deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from zos.consent.names.store import known_in
from zos.consent.store import ConsentStore
from zos.core.ids import new_ulid
from zos.core.scopes import Scope
from zos.db.engine import Database
from zos.db.sets import is_one_of
from zos.db.tables import insight, message, outbox, outbox_insight, outbox_member
from zos.insights.provenance.store import members_of, messages_behind
from zos.prompts.labels import nameless
from zos.reflect.context import OutgoingText
from zos.reflect.outbox.withdrawal.store import HIDDEN, WITHDRAWN, withdraw
from zos.reflect.outbox.wording import called_in, reworded, words_of

MAX_ATTEMPTS = 8
MAX_ATTEMPTS_TO_TAKE_BACK = 21
"""About two and a half days."""
_FIRST_PAUSE_SECONDS = 10.0
_LONGEST_PAUSE = timedelta(hours=6)

_TOLD = (
    select(outbox_insight.c.insight_id, insight.c.status, insight.c.scope)
    .outerjoin(insight, insight.c.id == outbox_insight.c.insight_id)
    .where(outbox_insight.c.text_id == bindparam("text"))
)


@dataclass(frozen=True, slots=True)
class PendingText:
    """A text that waits for delivery, or to be taken back.

    Attributes:
        payload: What it says, in the words in which it was tried last.
        posted: Ids of what stands there of it.
        is_withdrawn: It may not be shown any more: what was posted must go.
    """

    id: str
    dedup_key: str
    run_id: str
    destination: str
    payload: dict[str, object]
    attempts: int
    posted: tuple[str, ...]
    is_withdrawn: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """What a text may say now, whom it calls by name, and where the messages stand that it rests on in the end."""

    payload: dict[str, object]
    calls: frozenset[int]
    server_ids: tuple[int, ...]
    channel_ids: tuple[int, ...]


async def put(
    connection: AsyncConnection,
    database: Database,
    texts: Sequence[OutgoingText],
    insight_ids: Sequence[str],
    *,
    run_id: str,
    now: datetime,
) -> None:
    """Add `texts` within the caller's transaction; a text whose key is known already is left out.

    Args:
        connection: A write transaction.
        database: Its store.
        texts: What is to be sent.
        insight_ids: The target's insights, as stored: which of them each text tells of goes with it.
        run_id: The target's run.
        now: From when they are due.
    """
    by_id = {new_ulid(now): text for text in texts}
    rows = [
        {
            "id": text_id,
            "dedup_key": text.key,
            "run_id": run_id,
            "destination": text.destination,
            "payload": text.payload,
            "created_at": now,
            "attempts": 0,
            "next_attempt_at": now,
        }
        for text_id, text in by_id.items()
    ]
    if not rows:
        return
    add = database.insert(outbox).on_conflict_do_nothing().returning(outbox.c.id)
    added = (await connection.scalars(add, rows)).all()
    told = [
        {"text_id": text_id, "insight_id": insight_ids[one]}
        for text_id in added
        for one in by_id[text_id].says
    ]
    if told:
        await connection.execute(insert(outbox_insight), told)


class OutboxStore:
    """Reads what is due and records what became of it.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: datetime, *, limit: int = 20) -> list[PendingText]:
        """Return texts to deliver, or to take back, now, oldest first."""
        query = (
            select(outbox)
            .where(outbox.c.next_attempt_at <= now)
            .order_by(outbox.c.next_attempt_at, outbox.c.id)
        ).limit(limit)
        async with self._database.read() as connection:
            return [
                PendingText(
                    row.id,
                    row.dedup_key,
                    row.run_id,
                    row.destination,
                    row.payload,
                    row.attempts,
                    tuple(row.posted or ()),
                    row.withdrawn_at is not None,
                )
                for row in await connection.execute(query)
            ]

    async def origin(self, text: PendingText, consents: ConsentStore) -> Origin | None:
        """Return what a text rests on as things stand now, or None if it may not leave.

        It may while all insights that it tells of are there and in sight, rest on public messages that
        are there too, and everybody in them consents. Others who do not are not named in it.
        """
        async with self._database.read() as connection:
            insights = (await connection.execute(_TOLD, {"text": text.id})).all()
            if not insights or any(
                one.scope != Scope.PUBLIC.value or one.status in HIDDEN for one in insights
            ):
                return None  # of what is gone there is no scope
            ids = [one.insight_id for one in insights]
            people = frozenset(chain(*(await members_of(connection, ids)).values()))
            known = await known_in(connection, words_of(text.payload))
            consent = await consents.view(connection, among={*people, *known})
            if not consent.allows_all(people):
                return None
            behind = {*chain(*(await messages_behind(connection, ids)).values())}
            payload = reworded(text.payload, nameless(known, consent, people))
            calls = called_in(payload, known, consent, people)
            return await self._origin(connection, behind, payload, calls)

    async def _origin(
        self,
        connection: AsyncConnection,
        message_ids: Collection[int],
        payload: dict[str, object],
        calls: frozenset[int],
    ) -> Origin | None:
        query = select(
            message.c.id, message.c.server_id, message.c.channel_id, message.c.scope
        ).where(is_one_of(self._database, message.c.id, message_ids))
        found = (await connection.execute(query)).all()
        if len(found) < len(message_ids) or any(one.scope != Scope.PUBLIC.value for one in found):
            return None
        return Origin(
            payload,
            calls,
            tuple(sorted({one.server_id for one in found})),
            tuple(sorted({one.channel_id for one in found})),
        )

    async def begin(self, text: PendingText, calls: Collection[int]) -> bool:
        """Record whom a text calls by name before it leaves; return whether it is still to go."""
        to_go = select(outbox.c.id).where(outbox.c.id == text.id, outbox.c.withdrawn_at.is_(None))
        rows = [{"text_id": text.id, "member_id": one} for one in calls]
        async with self._database.write() as connection:
            is_to_go = await connection.scalar(to_go.with_for_update()) is not None
            if is_to_go and rows:
                add = self._database.insert(outbox_member).on_conflict_do_nothing()
                await connection.execute(add, rows)
        return is_to_go

    async def withhold(self, text: PendingText, *, now: datetime) -> None:
        """Give up one text; its words go at once."""
        async with self._database.write() as connection:
            await withdraw(self._database, connection, [text.id], now)

    async def delivered(self, text: PendingText, *, posted: Collection[str], now: datetime) -> None:
        """Record a delivery. Its words go: they stand in the insight, and what becomes of that holds."""
        done = {
            "payload": {},
            "attempts": text.attempts + 1,
            "delivered_at": now,
            "next_attempt_at": None,
            "last_error": None,
        }
        await self._end(text, posted, done, now)

    async def taken_back(self, text: PendingText) -> None:
        """Record that nothing of a text stands there any more, or that nothing ever did: without an attempt."""
        gone = {
            "posted": None,
            "attempts": text.attempts + bool(text.posted),
            "next_attempt_at": None,
            "last_error": WITHDRAWN,
        }
        async with self._database.write() as connection:
            await connection.execute(update(outbox).where(outbox.c.id == text.id).values(gone))

    async def failed(
        self,
        text: PendingText,
        *,
        error: str,
        retryable: bool,
        posted: Collection[str],
        now: datetime,
    ) -> None:
        """Record a failure: another attempt after a pause that doubles, or none any more, and no words.

        What must go is tried again whatever was answered: permissions come back.
        """
        attempts = text.attempts + 1
        if text.is_withdrawn:
            again = attempts < MAX_ATTEMPTS_TO_TAKE_BACK
        else:
            again = retryable and attempts < MAX_ATTEMPTS
        pause = min(timedelta(seconds=_FIRST_PAUSE_SECONDS * 2**text.attempts), _LONGEST_PAUSE)
        values: dict[str, Any] = {
            "attempts": attempts,
            "last_error": error,
            "next_attempt_at": now + pause if again else None,
            "payload": text.payload if again else {},
        }
        await self._end(text, posted, values, now)

    async def cut_short(self, text: PendingText, *, posted: Collection[str], now: datetime) -> None:
        """Record what stands there of a text whose attempt did not come to its end: it stays due."""
        await self._end(text, posted, {"payload": text.payload}, now)

    async def _end(
        self, text: PendingText, posted: Collection[str], values: dict[str, Any], now: datetime
    ) -> None:
        """Record how an attempt ended; if its text was withdrawn or erased meanwhile, what was posted goes."""
        as_it_was = update(outbox).where(
            outbox.c.id == text.id, outbox.c.withdrawn_at.is_not(None) == text.is_withdrawn
        )
        stands = [*posted] or None
        async with self._database.write() as connection:
            ended = await connection.execute(as_it_was.values({**values, "posted": stands}))
            if not stands and values.get("next_attempt_at", now) is None:
                its = outbox_member.c.text_id == text.id  # nothing is there to be taken back
                await connection.execute(delete(outbox_member).where(its))
            if stands and not ended.rowcount:
                await self._put_again(connection, text, stands, now)
                await withdraw(self._database, connection, [text.id], now)
            elif "delivered_at" in values and not ended.rowcount:
                sent = {"delivered_at": now, "next_attempt_at": None}  # where it cannot be deleted
                await connection.execute(update(outbox).where(outbox.c.id == text.id).values(sent))

    async def _put_again(
        self, connection: AsyncConnection, text: PendingText, posted: list[str], now: datetime
    ) -> None:
        row = {
            "id": text.id,
            "dedup_key": text.dedup_key,
            "run_id": text.run_id,
            "destination": text.destination,
            "payload": {},
            "created_at": now,
            "attempts": 0,
            "posted": posted,
        }
        add = self._database.insert(outbox).values(row)
        known = add.on_conflict_do_update(index_elements=[outbox.c.id], set_={"posted": posted})
        await connection.execute(known)
