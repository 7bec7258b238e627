"""Texts that a run sends, as they are shown: where to, and what became of them. Never their words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, bindparam, select

from zos.db.engine import Connection
from zos.db.tables import outbox
from zos.reflect.destinations import named

MAX_OUTPUTS = 500


class OutputState(StrEnum):
    """What became of a text."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    WITHHELD = "withheld"
    WITHDRAWN = "withdrawn"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class OutputView:
    """One text.

    Attributes:
        destination: Of a webhook only the host.
        state: `withheld`: it never left; `withdrawn`: it may not be shown any more, and what was posted of it
            is deleted, or about to be; `left`: that could not be done.
        reason: What went wrong last, or why it was withheld or withdrawn; empty if nothing did.
    """

    destination: str
    state: OutputState
    reason: str
    created_at: datetime
    delivered_at: datetime | None
    attempts: int


_OUTPUTS = (
    select(outbox)
    .where(outbox.c.run_id == bindparam("run"))
    .order_by(outbox.c.id)
    .limit(MAX_OUTPUTS)
)


async def outputs_of(connection: Connection, run_id: str) -> tuple[OutputView, ...]:
    """Return the texts of a run, in the order in which they were made."""
    rows = (await connection.execute(_OUTPUTS, {"run": run_id})).all()
    return tuple(map(as_output_view, rows))


def as_output_view(row: Row[Any]) -> OutputView:
    """Return a row of `outbox` as it is shown."""
    return OutputView(
        destination=named(row.destination),
        state=_state(row),
        reason=row.last_error or "",
        created_at=row.created_at,
        delivered_at=row.delivered_at,
        attempts=row.attempts,
    )


def _state(row: Row[Any]) -> OutputState:
    is_open = row.next_attempt_at is not None
    if row.withdrawn_at is not None:
        return OutputState.LEFT if row.posted is not None and not is_open else OutputState.WITHDRAWN
    if row.delivered_at is not None:
        return OutputState.DELIVERED
    return OutputState.WAITING if is_open else OutputState.WITHHELD
