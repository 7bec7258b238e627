"""Outbox rows: written with the target, delivered later, tried again with growing pauses, then given up."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from zos.consent.names.store import known_in
from zos.consent.store import ConsentStore
from zos.core.ids import new_ulid
from zos.core.scopes import Scope
from zos.db.engine import Database
from zos.db.sets import is_one_of
from zos.db.tables import insight, message, outbox
from zos.insights.model import InsightStatus
from zos.insights.provenance.store import members_of, messages_behind
from zos.prompts.labels import nameless
from zos.reflect.context import OutgoingText
from zos.reflect.outbox.wording import reworded, words_of

MAX_ATTEMPTS = 8
_FIRST_PAUSE_SECONDS = 10.0
_HIDDEN = (InsightStatus.QUARANTINED.value, InsightStatus.REVIEW.value)
WITHDRAWN = "withdrawn: what it says may not be shown any more"
_WITHDRAWAL: dict[str, Any] = {"payload": {}, "next_attempt_at": None, "last_error": WITHDRAWN}


@dataclass(frozen=True, slots=True)
class PendingText:
    """A text that waits for delivery."""

    id: str
    dedup_key: str
    run_id: str
    destination: str
    payload: dict[str, object]
    attempts: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What a text may say now, and where the messages stand that it rests on in the end."""

    payload: dict[str, object]
    server_ids: tuple[int, ...]
    channel_ids: tuple[int, ...]


async def put(
    connection: AsyncConnection,
    database: Database,
    texts: Sequence[OutgoingText],
    *,
    run_id: str,
    now: datetime,
) -> None:
    """Add `texts` within the caller's transaction; a text whose key is known already is left out."""
    rows = [
        {
            "id": new_ulid(now),
            "dedup_key": text.key,
            "run_id": run_id,
            "destination": text.destination,
            "payload": text.payload,
            "created_at": now,
            "attempts": 0,
            "next_attempt_at": now,
        }
        for text in texts
    ]
    if rows:
        await connection.execute(database.insert(outbox).on_conflict_do_nothing(), rows)


class OutboxStore:
    """Reads what is due and records what became of it.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def withdraw(self) -> int:
        """Give up waiting texts whose insights may not be shown any more; return how many.

        Their words go at once: what comes back into sight later is not sent late.
        """
        hidden = exists().where(
            insight.c.run_id == outbox.c.run_id,
            outbox.c.dedup_key.startswith(insight.c.target_id),
            insight.c.status.in_(_HIDDEN),
        )
        waiting = outbox.c.next_attempt_at.is_not(None)
        async with self._database.read() as connection:
            found = await connection.scalars(select(outbox.c.id).where(waiting, hidden))
            ids = list(found)
        if ids:
            async with self._database.write() as connection:
                change = update(outbox).where(outbox.c.id.in_(ids), waiting)
                await connection.execute(change.values(_WITHDRAWAL))
        return len(ids)

    async def due(self, now: datetime, *, limit: int = 20) -> list[PendingText]:
        """Return texts to deliver now, oldest first."""
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
                )
                for row in await connection.execute(query)
            ]

    async def origin(self, text: PendingText, consents: ConsentStore) -> Origin | None:
        """Return what a text rests on as things stand now, or None if it may not leave.

        It may while all of its insights are there and in sight, rest on public messages that are
        there too, and everybody in them consents. Others who do not are not named in it.
        """
        query = select(insight.c.id, insight.c.status, insight.c.scope).where(
            insight.c.run_id == text.run_id,
            insight.c.target_id == text.dedup_key.partition(":")[0],
        )
        async with self._database.read() as connection:
            insights = (await connection.execute(query)).all()
            if not insights or any(
                one.scope != Scope.PUBLIC.value or one.status in _HIDDEN for one in insights
            ):
                return None
            ids = [one.id for one in insights]
            people = frozenset(chain(*(await members_of(connection, ids)).values()))
            known = await known_in(connection, words_of(text.payload))
            consent = await consents.view(connection, among={*people, *known})
            if not consent.allows_all(people):
                return None
            behind = {*chain(*(await messages_behind(connection, ids)).values())}
            payload = reworded(text.payload, nameless(known, consent, people))
            return await self._origin(connection, behind, payload)

    async def _origin(
        self,
        connection: AsyncConnection,
        message_ids: Collection[int],
        payload: dict[str, object],
    ) -> Origin | None:
        query = select(
            message.c.id, message.c.server_id, message.c.channel_id, message.c.scope
        ).where(is_one_of(self._database, message.c.id, message_ids))
        found = (await connection.execute(query)).all()
        if len(found) < len(message_ids) or any(one.scope != Scope.PUBLIC.value for one in found):
            return None
        return Origin(
            payload,
            tuple(sorted({one.server_id for one in found})),
            tuple(sorted({one.channel_id for one in found})),
        )

    async def withhold(self, text: PendingText) -> None:
        """Give up one text; its words go at once."""
        await self._set(text.id, _WITHDRAWAL)

    async def delivered(self, text_id: str, *, now: datetime) -> None:
        """Record a delivery. Its words go: they stand in the insight, and what becomes of that holds."""
        done = {
            "payload": {},
            "attempts": outbox.c.attempts + 1,
            "delivered_at": now,
            "next_attempt_at": None,
            "last_error": None,
        }
        await self._set(text_id, done)

    async def failed(
        self, text: PendingText, *, error: str, retryable: bool, now: datetime
    ) -> None:
        """Record a failure: another attempt after a pause that doubles, or none any more, and no words."""
        attempts = text.attempts + 1
        again = retryable and attempts < MAX_ATTEMPTS
        pause = timedelta(seconds=_FIRST_PAUSE_SECONDS * 2**text.attempts)
        values: dict[str, Any] = {
            "attempts": attempts,
            "last_error": error,
            "next_attempt_at": now + pause if again else None,
        }
        await self._set(text.id, values if again else {**values, "payload": {}})

    async def _set(self, text_id: str, values: dict[str, Any]) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(outbox).where(outbox.c.id == text_id).values(values))
