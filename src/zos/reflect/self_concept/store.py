"""Versions of the self-concept. The newest that was not withdrawn is the one in force.

None is ever changed, but by an erasure: a version that rested on what is gone loses its text.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update

from zos.core.ids import new_ulid
from zos.db.engine import Connection, Database
from zos.db.tables import self_concept_source as source
from zos.db.tables import self_concept_version as version


class Origin(StrEnum):
    """Who wrote a version."""

    SHIPPED = "shipped"
    OPERATOR = "operator"
    MODEL = "model"
    WITHDRAWN = "withdrawn"  # its text is gone, with what it rested on


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
    insight_ids: Collection[str] = (),
) -> SelfConceptVersion:
    """Put `content` in force, within the caller's write transaction, unless it is so already.

    Args:
        connection: The transaction.
        content: The text.
        at: When.
        run_id: The run that wrote it.
        origin: Who wrote it.
        insight_ids: The insights that its author was shown.

    Returns:
        The version in force afterwards.
    """
    current = await _first(connection, _IN_FORCE)
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
    rests_on = [{"version_id": added.id, "insight_id": one} for one in sorted(set(insight_ids))]
    if rests_on:
        await connection.execute(insert(source), rests_on)
    return added


async def withdraw(connection: Connection, insight_ids: Collection[str]) -> int:
    """Withdraw what rests on insights that are gone or were rewritten; return how many versions changed.

    Every model's version since then goes too, as each was written from the one before. Of what an
    operator wrote since then, only the lines go that such a version brought in: what is left has an
    id of its own, so that a file written before is known to be withdrawn, not taken for an edit.
    """
    first = select(func.min(version.c.seq)).join(source, source.c.version_id == version.c.id)
    seq = await connection.scalar(first.where(source.c.insight_id.in_(insight_ids)))
    if seq is None:
        return 0
    base = await _first(connection, _newest().where(version.c.seq < seq).limit(1))
    query = select(version).where(version.c.seq >= seq).order_by(version.c.seq)
    later = [_version(row) for row in (await connection.execute(query)).all()]
    tainted = _lines_of(one for one in later if one.origin is Origin.MODEL)
    tainted -= _lines_of([] if base is None else [base])
    left = {one.id: "" if one.origin is Origin.MODEL else _without(one, tainted) for one in later}
    for one in later:
        await _withdraw(connection, one, left[one.id])
    return sum(left[one.id] != one.content for one in later)


async def _withdraw(connection: Connection, one: SelfConceptVersion, content: str) -> None:
    if content == one.content:
        return
    withdrawn = {"content": "", "origin": Origin.WITHDRAWN.value}
    change = update(version).where(version.c.id == one.id)
    if content:
        left = {"id": new_ulid(one.created_at), "content": content}
        await connection.execute(change.values(left))
        gone = {"id": one.id, "created_at": one.created_at, **withdrawn}
        await connection.execute(insert(version).values(gone))
    else:
        await connection.execute(change.values(withdrawn))
        await connection.execute(delete(source).where(source.c.version_id == one.id))


def _lines_of(versions: Iterable[SelfConceptVersion]) -> set[str]:
    return {line.strip() for one in versions for line in one.content.splitlines() if line.strip()}


def _without(one: SelfConceptVersion, lines: Collection[str]) -> str:
    return "\n".join(line for line in one.content.splitlines() if line.strip() not in lines).strip()


class SelfConceptStore:
    """Reads the versions.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def current(self, connection: Connection | None = None) -> SelfConceptVersion | None:
        """Return the version in force, or None before the first."""
        async with self._database.read(connection) as reader:
            return await _first(reader, _IN_FORCE)

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
    in_force = version.c.origin != Origin.WITHDRAWN.value
    return select(version).where(in_force).order_by(version.c.seq.desc())


_IN_FORCE = _newest().limit(1)


async def _first(connection: Connection, query: Select[Any]) -> SelfConceptVersion | None:
    row = (await connection.execute(query)).first()
    return None if row is None else _version(row)


def _version(row: Row[Any]) -> SelfConceptVersion:
    return SelfConceptVersion(
        id=row.id,
        content=row.content,
        origin=Origin(row.origin),
        run_id=row.run_id,
        created_at=row.created_at,
    )
