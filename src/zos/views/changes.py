"""`RunWatch` and `JobWatch`: what has changed since the last look, whichever process changed it.

In: the store. Out: one `RunChange` for each run that is new or different, and the names of layers whose
job is. A look costs three small reads, however long the history is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, select

from zos.core.ids import ulid_floor
from zos.db.engine import Connection, Database
from zos.db.tables import layer_run, layer_state
from zos.reflect.states import RunStatus
from zos.views.runs import RunView, as_run_view

_OPEN = [status.value for status in RunStatus if not status.is_final]
_OVERLAP = timedelta(minutes=1)  # a run's row may be committed so much later than its id was made
_ROWS_PER_QUERY = 500


@dataclass(frozen=True, slots=True)
class RunChange:
    """A run as it is now, and as it was at the last look (None: it is new)."""

    run: RunView
    before: RunView | None

    @property
    def is_start(self) -> bool:
        """Whether the run has begun since."""
        began_before = self.before is not None and self.before.started_at is not None
        return self.run.started_at is not None and not began_before

    @property
    def is_end(self) -> bool:
        """Whether the run has reached its final state since."""
        return self.run.status.is_final


class RunWatch:
    """Tells changes of runs from one look to the next.

    Args:
        database: The store.
        since: Runs recorded before are known, unless they are still open.
    """

    def __init__(self, database: Database, since: datetime) -> None:
        self._database = database
        self._since = since - _OVERLAP  # what the first step notes, later ones do not take for new
        self._known: dict[str, RunView] = {}
        self._started = False

    async def step(self, now: datetime) -> list[RunChange]:
        """Return what has changed since the last step, by age of the runs, oldest first.

        The first step tells nothing: it takes note of what there is.

        Raises:
            DatabaseError: If the store cannot be read; the next step tells what this one did not.
        """
        seen = await self._look()
        changed = [
            RunChange(run, self._known.get(key))
            for key, run in sorted(seen.items())
            if self._known.get(key) != run
        ]
        self._since = now - _OVERLAP
        floor = ulid_floor(self._since)
        self._known = {
            key: run for key, run in seen.items() if key >= floor or not run.status.is_final
        }
        first, self._started = not self._started, True
        return [] if first else changed

    async def _look(self) -> dict[str, RunView]:
        async with self._database.read() as connection:
            seen = await _matching(connection, layer_run.c.status.in_(_OPEN))
            gone = sorted(key for key, run in self._known.items() if not run.status.is_final)
            for start in range(0, len(gone), _ROWS_PER_QUERY):
                some = gone[start : start + _ROWS_PER_QUERY]
                seen |= await _matching(connection, layer_run.c.id.in_(some))
            after = ulid_floor(self._since)
            while newer := await _matching(connection, layer_run.c.id > after):
                seen |= newer
                after = max(newer)
        return seen


_JOB_COLUMNS = [
    column
    for column in layer_state.c
    # What every insight raises is told by the runs that store insights.
    if column.name not in ("insights_since_run", "generation")
]


class JobWatch:
    """Tells layers that were registered, paused, resumed or counted a failure, from one look to the next.

    Args:
        database: The store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Row[Any]] | None = None

    async def step(self) -> list[str]:
        """Return the names of layers whose job has changed since the last step, sorted.

        The first step tells nothing: it takes note of what there is.

        Raises:
            DatabaseError: If the store cannot be read; the next step tells what this one did not.
        """
        async with self._database.read() as connection:
            rows = await connection.execute(select(*_JOB_COLUMNS))
            seen = {row.layer: row for row in rows}
        known, self._known = self._known, seen
        if known is None:
            return []
        return sorted(name for name, row in seen.items() if known.get(name) != row)


async def _matching(connection: Connection, condition: ColumnElement[bool]) -> dict[str, RunView]:
    query = select(layer_run).where(condition).order_by(layer_run.c.id).limit(_ROWS_PER_QUERY)
    return {row.id: as_run_view(row) for row in await connection.execute(query)}
