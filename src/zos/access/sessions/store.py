"""`Sessions`: made by a login, ended by a logout, an operator, or time.

In: secrets that browsers send. Out: principals, and the list of sessions for operators.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, select, update

from zos.access.login.store import Grant
from zos.access.principal import Principal, Role, Via
from zos.access.secrets import hashed, new_secret
from zos.core.clock import Clock
from zos.core.errors import NotFoundError
from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.db.tables import access_session

LIFETIME = timedelta(days=30)
IDLE_LIFETIME = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=5)
"""How exactly it is known when a session or key was last used: a write each time would be too dear."""
_MAX_AGENT = 200


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is logged in.

    Attributes:
        agent: What their browser calls itself; it may say anything.
        seen_at: When they last asked for anything, to five minutes.
        expires_at: When it ends in any case; it ends seven days after the last use, too.
    """

    id: str
    name: str
    role: Role
    agent: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class Sessions:
    """Keeps sessions.

    Args:
        database: The store.
        clock: The time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def open(self, grant: Grant, agent: str) -> tuple[str, Principal]:
        """Return the secret of a new session, and who it makes its bearer."""
        secret, now = new_secret(), self._clock.now()
        row = {
            "id": new_ulid(now),
            "hash": hashed(secret),
            "name": grant.name,
            "role": grant.role.value,
            "agent": agent[:_MAX_AGENT],
            "created_at": now,
            "seen_at": now,
            "expires_at": now + LIFETIME,
        }
        async with self._database.write() as connection:
            await connection.execute(delete(access_session).where(~_alive(now)))
            await connection.execute(self._database.insert(access_session), row)
        return secret, Principal(grant.name, grant.role, Via.SESSION, str(row["id"]))

    async def find(self, secret: str) -> Principal | None:
        """Return whose session that is, or None if it is none (any more)."""
        now = self._clock.now()
        query = select(access_session).where(access_session.c.hash == hashed(secret), _alive(now))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if now - row.seen_at >= SEEN_EVERY:
            seen = update(access_session).where(access_session.c.id == row.id).values(seen_at=now)
            async with self._database.write() as connection:
                await connection.execute(seen)
        return Principal(row.name, Role(row.role), Via.SESSION, row.id)

    async def all(self) -> list[Session]:
        """Return all sessions, the newest first."""
        query = select(access_session).where(_alive(self._clock.now()))
        query = query.order_by(access_session.c.id.desc())
        async with self._database.read() as connection:
            return [_session(row) for row in await connection.execute(query)]

    async def close(self, secret: str) -> None:
        """End the session of that secret, if it is one."""
        gone = delete(access_session).where(access_session.c.hash == hashed(secret))
        async with self._database.write() as connection:
            await connection.execute(gone)

    async def end(self, session_id: str) -> None:
        """End a session.

        Raises:
            NotFoundError: If there is none of that id.
        """
        gone = delete(access_session).where(access_session.c.id == session_id)
        async with self._database.write() as connection:
            found = (await connection.execute(gone)).rowcount
        if not found:
            raise NotFoundError("There is no such session.", hint="It may have ended already.")


def _alive(now: datetime) -> ColumnElement[bool]:
    return (access_session.c.expires_at > now) & (access_session.c.seen_at > now - IDLE_LIFETIME)


def _session(row: Row[Any]) -> Session:
    values = row._asdict()
    del values["hash"]
    return Session(**{**values, "role": Role(row.role)})
