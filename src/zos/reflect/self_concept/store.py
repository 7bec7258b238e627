"""Versions of the self-concept. The newest is the one in force; none is ever changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, insert, select

from zos.core.ids import new_ulid
from zos.db.engine import Connection, Database
from zos.db.tables import self_concept_version as version


class Origin(StrEnum):
    """Who wrote a version."""

    SHIPPED = "shipped"
    OPERATOR = "operator"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class SelfConceptVersion:
    """One version. `run_id` is the run that wrote it, if one did."""

    id: str
    content: str
    origin: Origin
    run_id: str | None
    created_at: datetime


async def add_version(
    connection: Connection,
    content: str,
    *,
    at: datetime,
    run_id: str | None = None,
    origin: Origin = Origin.MODEL,
) -> SelfConceptVersion:
    """Put `content` in force, within the caller's write transaction, unless it is so already.

    Returns:
        The version in force afterwards.
    """
    current = await _first(connection, _newest())
    if current is not None and current.content == content:
        return current
    added = SelfConceptVersion(new_ulid(at), content, origin, run_id, at)
    await connection.execute(
        insert(version).values(
            id=added.id,
            content=content,
            origin=origin.value,
            run_id=run_id,
            created_at=at,
        )
    )
    return added


class SelfConceptStore:
    """Reads the versions.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(self) -> SelfConceptVersion | None:
        """Return the version in force, or None before the first."""
        async with self._database.read() as connection:
            return await _first(connection, _newest())

    async def get(self, version_id: str) -> SelfConceptVersion | None:
        """Return one version, or None for an unknown id."""
        async with self._database.read() as connection:
            return await _first(connection, select(version).where(version.c.id == version_id))

    async def latest(self, limit: int) -> list[SelfConceptVersion]:
        """Return the newest `limit` versions, newest first."""
        async with self._database.read() as connection:
            rows = await connection.execute(_newest().limit(limit))
            return [_version(row) for row in rows]

    async def put(self, content: str, *, at: datetime, origin: Origin) -> SelfConceptVersion:
        """Put `content` in force in a transaction of its own; return the version in force."""
        async with self._database.write() as connection:
            return await add_version(connection, content, at=at, origin=origin)


def _newest() -> Select[Any]:
    return select(version).order_by(version.c.seq.desc())


async def _first(connection: Connection, query: Select[Any]) -> SelfConceptVersion | None:
    row = (await connection.execute(query.limit(1))).first()
    return None if row is None else _version(row)


def _version(row: Row[Any]) -> SelfConceptVersion:
    return SelfConceptVersion(
        id=row.id,
        content=row.content,
        origin=Origin(row.origin),
        run_id=row.run_id,
        created_at=row.created_at,
    )
