"""`Keys`: made by an operator for a program, shown once, ended by an operator or by time.

In: keys that programs send. Out: principals, and the list of keys for operators.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, or_, select, update

from zos.access.login.store import Grant
from zos.access.principal import Principal, Role, Via
from zos.access.secrets import hashed, new_secret
from zos.access.sessions.store import SEEN_EVERY
from zos.core.clock import Clock
from zos.core.errors import NotFoundError, UsageError
from zos.core.ids import new_ulid
from zos.db.engine import Database
from zos.db.tables import access_key

PREFIX = "zos_"
"""What every key begins with, so that one that was left somewhere is found by those who search for such."""


@dataclass(frozen=True, slots=True)
class Key:
    """A program's key; not its secret, which nobody can be shown again.

    Attributes:
        seen_at: When it was last used, to five minutes; None: never.
        expires_at: When it ends; None: when somebody revokes it.
    """

    id: str
    name: str
    role: Role
    created_at: datetime
    seen_at: datetime | None
    expires_at: datetime | None


class Keys:
    """Keeps keys.

    Args:
        database: The store.
        clock: The time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def make(self, grant: Grant, expires_at: datetime | None) -> tuple[str, Key]:
        """Return the secret of a new key, and the key.

        Raises:
            UsageError: If there is a key of that name.
        """
        secret, now = new_secret(PREFIX), self._clock.now()
        key = Key(new_ulid(now), grant.name, grant.role, now, None, expires_at)
        row = {
            "id": key.id,
            "hash": hashed(secret),
            "name": key.name,
            "role": key.role.value,
            "created_at": now,
            "expires_at": expires_at,
        }
        insert = self._database.insert(access_key).on_conflict_do_nothing()
        async with self._database.write() as connection:
            made = await connection.scalar(insert.returning(access_key.c.id), row)
        if made is None:
            raise UsageError(
                f"There is a key named {grant.name!r}.", hint="Revoke it, or choose another name."
            )
        return secret, key

    async def find(self, secret: str) -> Principal | None:
        """Return whose key that is, or None if it is none (any more)."""
        if not secret.startswith(PREFIX):
            return None
        now, columns = self._clock.now(), access_key.c
        is_good = or_(columns.expires_at.is_(None), columns.expires_at > now)
        query = select(access_key).where(columns.hash == hashed(secret), is_good)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        if row.seen_at is None or now - row.seen_at >= SEEN_EVERY:
            seen = update(access_key).where(columns.id == row.id).values(seen_at=now)
            async with self._database.write() as connection:
                await connection.execute(seen)
        return Principal(row.name, Role(row.role), Via.KEY)

    async def all(self) -> list[Key]:
        """Return all keys by name, those whose time is over among them."""
        query = select(access_key).order_by(access_key.c.name)
        async with self._database.read() as connection:
            return [_key(row) for row in await connection.execute(query)]

    async def end(self, key_id: str) -> Key:
        """Revoke the key of that id or name, and return it.

        Raises:
            NotFoundError: If there is none.
        """
        is_it = or_(access_key.c.id == key_id, access_key.c.name == key_id)
        gone = delete(access_key).where(is_it).returning(access_key)
        async with self._database.write() as connection:
            row = (await connection.execute(gone)).first()
        if row is None:
            raise NotFoundError(f"There is no key {key_id!r}.", hint="Look at the list of keys.")
        return _key(row)


def _key(row: Row[Any]) -> Key:
    values = row._asdict()
    del values["hash"]
    return Key(**{**values, "role": Role(row.role)})
