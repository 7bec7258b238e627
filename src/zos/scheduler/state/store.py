"""Rows of `layer_state`: read whole, written by purpose."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from zos.db.engine import Database
from zos.db.tables import layer_run, layer_state
from zos.scheduler.state.model import LayerState, Pause, Promise, Registration

_REGISTERED = (
    "registered_at",
    "schedule",
    "timezone",
    "trigger_threshold",
    "trigger_categories",
)


class LayerStateStore:
    """Reads and writes what is remembered of layers.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, layers: Collection[str] | None = None) -> dict[str, LayerState]:
        """Return the states of `layers` (None: of every layer that was ever registered), by name."""
        async with self._database.read() as connection:
            return await _states(connection, layers)

    async def get(self, layer: str) -> LayerState | None:
        """Return one layer's state, or None if it was never registered."""
        return (await self.all([layer])).get(layer)

    async def pause(self, layer: str, pause: Pause) -> bool:
        """Pause a layer, or change its pause; False if it was never registered."""
        return await self._set(
            layer,
            paused_at=pause.since,
            paused_until=pause.until,
            paused_by=pause.by,
            pause_note=pause.note,
        )

    async def resume(self, layer: str) -> bool:
        """End a layer's pause and forget its failures; False if it was never registered."""
        ended: dict[str, None] = dict.fromkeys(
            ("paused_at", "paused_until", "paused_by", "pause_note")
        )
        return await self._set(layer, **ended, failures_in_row=0)

    async def count_failure(self, layer: str) -> int:
        """Count one more failed run in a row and return how many there are."""
        counted = (
            update(layer_state)
            .where(layer_state.c.layer == layer)
            .values(failures_in_row=layer_state.c.failures_in_row + 1)
            .returning(layer_state.c.failures_in_row)
        )
        async with self._database.write() as connection:
            return int((await connection.execute(counted)).scalar() or 0)

    async def clear_failures(self, layer: str) -> None:
        """Forget a layer's failures: it has had a run that did not fail."""
        await self._set(layer, failures_in_row=0)

    async def _set(self, layer: str, **values: object) -> bool:
        statement = update(layer_state).where(layer_state.c.layer == layer).values(**values)
        async with self._database.write() as connection:
            return (await connection.execute(statement)).rowcount == 1


async def locked(
    connection: AsyncConnection, database: Database, layers: Collection[str] | None
) -> dict[str, LayerState]:
    """Return states (None: all) that nobody else settles before this write transaction ends."""
    if not database.is_sqlite:  # where a write transaction is alone anyway
        # A statement of its own, so that what is read next is what the last holder left.
        names = select(layer_state.c.layer).order_by(layer_state.c.layer)
        if layers is not None:
            names = names.where(layer_state.c.layer.in_(layers))
        await connection.execute(names.with_for_update())
    return await _states(connection, layers)


async def register(
    connection: AsyncConnection,
    database: Database,
    registrations: Sequence[tuple[Registration, datetime]],
) -> None:
    """Remember what definitions promise, and from when on; pauses and counters stay as they are."""
    rows = [
        {
            "layer": one.layer,
            "registered_at": since,
            "schedule": one.promise and one.promise.schedule,
            "timezone": one.promise and one.promise.timezone,
            "trigger_threshold": one.trigger_threshold,
            "trigger_categories": _joined(one.trigger_categories),
            **dict.fromkeys(("failures_in_row", "insights_since_run", "generation"), 0),
        }
        for one, since in registrations
    ]
    if rows:
        insert = database.insert(layer_state)
        kept = {name: insert.excluded[name] for name in _REGISTERED}
        statement = insert.on_conflict_do_update(index_elements=["layer"], set_=kept)
        await connection.execute(statement, rows)


_LAST_SLOT = (  # one index seek a layer
    select(func.coalesce(layer_run.c.slot_last, layer_run.c.slot))
    .where(layer_run.c.layer == layer_state.c.layer, layer_run.c.slot.is_not(None))
    .order_by(layer_run.c.slot.desc())
    .limit(1)
    .scalar_subquery()
)
_STATES = select(layer_state, _LAST_SLOT.label("recorded_until"))
_STATES_OF = _STATES.where(layer_state.c.layer.in_(bindparam("layers", expanding=True)))


async def _states(
    connection: AsyncConnection, layers: Collection[str] | None
) -> dict[str, LayerState]:
    if layers is None:
        found = await connection.execute(_STATES)
    else:
        found = await connection.execute(_STATES_OF, {"layers": list(layers)})
    return {row.layer: _state(row) for row in found}


def _state(row: Row[Any]) -> LayerState:
    pause = None
    if row.paused_at is not None:
        pause = Pause(row.paused_at, row.paused_until, row.paused_by or "", row.pause_note or "")
    return LayerState(
        registration=Registration(
            row.layer,
            None if row.schedule is None else Promise(row.schedule, row.timezone),
            row.trigger_threshold,
            frozenset(filter(None, (row.trigger_categories or "").split(","))),
        ),
        registered_at=row.registered_at,
        recorded_until=row.recorded_until,
        pause=pause,
        failures_in_row=row.failures_in_row,
    )


def _joined(categories: frozenset[str]) -> str | None:
    return f",{','.join(sorted(categories))}," if categories else None
