"""Where an operator on Discord is named: reasons of runs, pauses, the record of writes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from zos.core.ids import ERASED_OPERATOR
from zos.db.tables import audit, layer_run, layer_state

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

TOUCHED = ("layer_run", "layer_state", "audit")
"""Tables that `take_out` changes."""


async def runs_naming(connection: AsyncConnection, name: str) -> list[tuple[str, str]]:
    """Return the runs whose reason names an operator, and the reasons without them. It reads all runs."""
    is_named = re.compile(rf"{re.escape(name)}(?!\d)")
    query = select(layer_run.c.id, layer_run.c.reason).where(
        layer_run.c.reason.contains(name, autoescape=True)
    )
    return [
        (row.id, is_named.sub(ERASED_OPERATOR, row.reason))
        for row in await connection.execute(query)
        if is_named.search(row.reason)
    ]


async def take_out(connection: AsyncConnection, name: str, runs: Iterable[tuple[str, str]]) -> int:
    """Put `ERASED_OPERATOR` for an operator's name, in the caller's write transaction; return in how many rows."""
    count = 0
    for run_id, reason in runs:
        change = update(layer_run).where(layer_run.c.id == run_id).values(reason=reason)
        count += (await connection.execute(change)).rowcount
    for column in (layer_state.c.paused_by, audit.c.name):
        named = update(column.table).where(column == name).values({column: ERASED_OPERATOR})
        count += (await connection.execute(named)).rowcount
    return count
