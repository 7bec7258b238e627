"""`LoginLinks`: links that log somebody in once, and soon.

In: a name and a role. Out: a code, given out once and stored as a hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from zos.access.principal import Role
from zos.access.secrets import hashed, new_secret
from zos.core.clock import Clock
from zos.db.engine import Database
from zos.db.tables import login_link

LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a login makes somebody."""

    name: str
    role: Role


class LoginLinks:
    """Makes links and takes them.

    Args:
        database: The store.
        clock: The time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def make(self, grant: Grant) -> str:
        """Return the code of a new link, good for one login within `LIFETIME`."""
        code, now = new_secret(), self._clock.now()
        row = {
            "hash": hashed(code),
            "name": grant.name,
            "role": grant.role.value,
            "expires_at": now + LIFETIME,
        }
        async with self._database.write() as connection:
            await connection.execute(delete(login_link).where(login_link.c.expires_at <= now))
            await connection.execute(self._database.insert(login_link), row)
        return code

    async def take(self, code: str) -> Grant | None:
        """Return what the link of that code grants, for the first who asks in time; else None."""
        is_it = login_link.c.hash == hashed(code)
        async with self._database.read() as connection:  # strangers' tries are no writes
            if await connection.scalar(select(login_link.c.hash).where(is_it)) is None:
                return None
        found = delete(login_link).where(is_it)
        async with self._database.write() as connection:
            row = (await connection.execute(found.returning(login_link))).one_or_none()
        if row is None or row.expires_at <= self._clock.now():
            return None
        return Grant(row.name, Role(row.role))
