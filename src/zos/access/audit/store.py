"""`AuditLog`: one row for every write that somebody known made or was refused. Rows are never changed, but end.

In: principals and what they did. Out: pages of the record, newest first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, select

from zos.access.principal import Origin, Principal, Role, Via
from zos.core.clock import Clock
from zos.core.ids import new_ulid, ulid_floor
from zos.db.engine import Database
from zos.db.tables import audit
from zos.views.page import Page, page_of

_MAX_TARGET = 500
_PORTION = 1_000


@dataclass(frozen=True, slots=True)
class Deed:
    """A write.

    Attributes:
        action: The name of what was asked for; empty if it was refused before that was known.
        method: Of HTTP; `CLI` and `DISCORD` for commands that no request asked for.
        target: The path that was asked for, or what was changed.
        status: The HTTP status of the answer, or of the refusal that the page tells to which it leads.
    """

    action: str
    method: str
    target: str
    status: int


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A write, and who made it.

    Attributes:
        name: Of the operator, link or key; `discord:<id>` for an operator on Discord.
        origin: From where they asked: over HTTP, on Discord, or by the command line.
        via: By what they were recognised.
        action: The name of what was asked for; empty if it was refused before that was known.
        method: Of HTTP; `CLI` and `DISCORD` for commands that no request asked for.
        target: The path that was asked for, or what was changed.
        status: The HTTP status of the answer: below 400 it was done.
    """

    id: str
    at: datetime
    name: str
    role: Role
    origin: Origin
    via: Via
    action: str
    method: str
    target: str
    status: int

    @property
    def is_done(self) -> bool:
        """Whether it was done, and not refused."""
        return self.status < 400


class AuditLog:
    """Records writes.

    Args:
        database: The store.
        clock: The time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def record(self, principal: Principal, deed: Deed) -> None:
        """Add a write to the record."""
        now = self._clock.now()
        row = {
            "id": new_ulid(now),
            "at": now,
            "name": principal.name,
            "role": principal.role.value,
            "via": principal.via.value,
            "action": deed.action,
            "method": deed.method,
            "target": deed.target.replace("\0", "")[:_MAX_TARGET],
            "status": deed.status,
        }
        async with self._database.write() as connection:
            await connection.execute(self._database.insert(audit), row)

    async def prune(self, before: datetime) -> int:
        """Delete a portion of the rows older than `before` (aware); return how many went."""
        old = select(audit.c.id).where(audit.c.id < ulid_floor(before)).limit(_PORTION)
        async with self._database.write() as connection:
            gone = await connection.execute(delete(audit).where(audit.c.id.in_(old)))
        return gone.rowcount

    async def page(
        self, *, name: str | None = None, before: str | None = None, limit: int = 50
    ) -> Page[AuditRow]:
        """Return writes, newest first.

        Args:
            name: Only those of this operator, link or key.
            before: The cursor: only those older than this id.
            limit: 1 to `zos.views.page.MAX_LIMIT`.
        """
        query = select(audit).order_by(audit.c.id.desc()).limit(limit + 1)
        if name is not None:
            query = query.where(audit.c.name == name)
        if before is not None:
            query = query.where(audit.c.id < before)
        async with self._database.read() as connection:
            found = [_row(row) for row in await connection.execute(query)]
        return page_of(found, limit, lambda one: one.id)


def _row(row: Row[Any]) -> AuditRow:
    via = Via(row.via)
    return AuditRow(**{**row._asdict(), "role": Role(row.role), "via": via, "origin": via.origin})
