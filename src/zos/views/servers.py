"""Servers by name: what lists are narrowed by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from zos.db.tables import server

if TYPE_CHECKING:
    from zos.db.engine import Database


@dataclass(frozen=True, slots=True)
class ServerRow:
    """A server that was observed. `has_left`: Zos is in it no more."""

    id: int
    name: str
    has_left: bool


class ServersView:
    """Reads servers.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> tuple[ServerRow, ...]:
        """Return every server that was ever observed, by name."""
        columns = (server.c.id, server.c.name, server.c.left_at)
        query = select(*columns).order_by(server.c.name, server.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(ServerRow(row.id, row.name, row.left_at is not None) for row in rows)
