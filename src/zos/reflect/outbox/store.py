"""Outbox rows: written with the target, delivered later, tried again with growing pauses, then given up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.db.tables import insight, outbox
from zos.insights.model import InsightStatus
from zos.reflect.context import OutgoingText

MAX_ATTEMPTS = 8
_FIRST_PAUSE_SECONDS = 10
_HIDDEN = (InsightStatus.QUARANTINED.value, InsightStatus.REVIEW.value)
WITHDRAWN = "withdrawn: what it says may not be shown any more"


@dataclass(frozen=True, slots=True)
class PendingText:
    """A text that waits for delivery."""

    id: str
    dedup_key: str
    destination: str
    payload: dict[str, object]
    attempts: int


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
            given_up: dict[str, Any] = {
                "payload": {},
                "next_attempt_at": None,
                "last_error": WITHDRAWN,
            }
            async with self._database.write() as connection:
                change = update(outbox).where(outbox.c.id.in_(ids), waiting)
                await connection.execute(change.values(given_up))
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
                PendingText(row.id, row.dedup_key, row.destination, row.payload, row.attempts)
                for row in await connection.execute(query)
            ]

    async def delivered(self, text_id: str, *, now: datetime) -> None:
        """Record a delivery."""
        done = {
            "attempts": outbox.c.attempts + 1,
            "delivered_at": now,
            "next_attempt_at": None,
            "last_error": None,
        }
        await self._set(text_id, done)

    async def failed(
        self, text: PendingText, *, error: str, retryable: bool, now: datetime
    ) -> None:
        """Record a failure: another attempt after a pause that doubles, or none any more."""
        attempts = text.attempts + 1
        again = retryable and attempts < MAX_ATTEMPTS
        pause = timedelta(seconds=_FIRST_PAUSE_SECONDS * 2**text.attempts)
        await self._set(
            text.id,
            {
                "attempts": attempts,
                "last_error": error,
                "next_attempt_at": now + pause if again else None,
            },
        )

    async def _set(self, text_id: str, values: dict[str, object]) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(outbox).where(outbox.c.id == text_id).values(values))
