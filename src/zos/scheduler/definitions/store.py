"""Rows of `layer_definition`: the text of every version of a layer, by its hash."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from zos.db.engine import Database
from zos.db.tables import layer_definition
from zos.reflect.loader import SHIPPED, LayerSource


class DefinitionStore:
    """Records and reads layers' texts.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, sources: Iterable[LayerSource], *, now: datetime) -> None:
        """Remember that these versions are in force at `now`."""
        rows = [
            {
                "hash": one.layer.hash,
                "name": one.layer.name,
                "path": one.path,
                "source": one.text,
                "recorded_at": now,
            }
            for one in sources
        ]
        if not rows:
            return
        insert = self._database.insert(layer_definition)
        # A file that was changed back is in force again: its old version becomes the newest.
        latest = {name: insert.excluded[name] for name in ("path", "source", "recorded_at")}
        statement = insert.on_conflict_do_update(index_elements=["hash"], set_=latest)
        async with self._database.write() as connection:
            await connection.execute(statement, rows)

    async def source(self, version: str) -> str | None:
        """Return the YAML text of the layer of that hash, or None if it was never in force."""
        query = select(layer_definition.c.source).where(layer_definition.c.hash == version)
        async with self._database.read() as connection:
            return (await connection.execute(query)).scalar()

    async def last_good(self) -> dict[str, str]:
        """Return the newest text of each of the operator's files, for `LayerLoader(last_good=…)`."""
        table = layer_definition.c
        query = (
            select(table.path, table.source)
            .where(~table.path.startswith(SHIPPED, autoescape=True))
            .order_by(table.recorded_at)
        )
        async with self._database.read() as connection:
            return {row.path: row.source for row in await connection.execute(query)}
