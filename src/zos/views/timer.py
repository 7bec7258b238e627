"""The timer's own rows: which layer is to be woken when, as the job store holds it.

In: the store. Out: a `TimerJob` for each row that is a job of Zos, and the names of those that are
not. Nothing is put aside or mended here: that is the running scheduler's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from zos.core.errors import DatabaseError
from zos.db.engine import Database
from zos.db.tables import apscheduler_jobs
from zos.scheduler.crontab import CrontabTrigger
from zos.scheduler.jobs.codec import decode
from zos.scheduler.jobs.store import PARKED


@dataclass(frozen=True, slots=True)
class TimerJob:
    """One layer's job.

    Attributes:
        is_stopped: Whether it has no next fire: somebody paused it in APScheduler's own way.
    """

    trigger: CrontabTrigger
    is_stopped: bool


@dataclass(frozen=True, slots=True)
class TimerJobs:
    """All jobs by their layers' names, and the rows that are none and have not been put aside yet."""

    of_layers: Mapping[str, TimerJob]
    unreadable: tuple[str, ...]


async def read_timer_jobs(database: Database) -> TimerJobs:
    """Read every row of the job store that is not put aside."""
    table = apscheduler_jobs.c
    query = select(table.id, table.next_run_time, table.job_state).order_by(table.id)
    jobs, unreadable = {}, []
    async with database.read() as connection:
        rows = list(await connection.execute(query.where(~table.id.startswith(PARKED))))
    for row in rows:
        try:
            job = decode(row.id, row.job_state, None)
        except DatabaseError:
            unreadable.append(row.id)
        else:
            jobs[job["args"][0]] = TimerJob(job["trigger"], row.next_run_time is None)
    return TimerJobs(jobs, tuple(unreadable))
