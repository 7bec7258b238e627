"""A job as JSON: in, APScheduler's job state; out, the bytes of its row, and back.

Only a layer's name and its trigger are stored (the next fire has a column of its own); everything
else about a job is the same for all of them. What does not read back as exactly that is refused: a row can name no other
function, and nothing in it is ever executed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from zos.config.model import ZoneName
from zos.core.errors import DatabaseError, ScheduleError
from zos.reflect.schedule import parse_schedule
from zos.scheduler.crontab import CrontabTrigger
from zos.scheduler.jobs.entry import REFERENCE

JOB_OPTIONS: dict[str, Any] = {
    "misfire_grace_time": None,  # what is late and what is missed is decided by our own accounts
    "coalesce": True,
    "max_instances": 1,
}
"""What every job has in common."""


class UnreadableJobError(DatabaseError):
    """The stored job is not one of Zos's."""

    retryable = False


def job_id(layer: str) -> str:
    """Return the id of a layer's job."""
    return f"layer:{layer}"


def job_name(layer: str) -> str:
    """Return the name of a layer's job, for people."""
    return f"Reflection: {layer}"


class _StoredTrigger(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    schedule: str
    timezone: ZoneName
    offset_seconds: int = Field(ge=0)


class _StoredJob(BaseModel):
    model_config = ConfigDict(extra="forbid")

    function: Literal["zos.scheduler.jobs.entry:reflect"]
    layer: str = Field(min_length=1)
    trigger: _StoredTrigger


def encode(state: dict[str, Any]) -> bytes:
    """Return the row's bytes of a job's state (`Job.__getstate__()`)."""
    trigger: CrontabTrigger = state["trigger"]
    (layer,) = state["args"]
    stored = _StoredJob(
        function=state["func"],
        layer=layer,
        trigger=_StoredTrigger(
            schedule=trigger.schedule.text,
            timezone=trigger.zone.key,
            offset_seconds=trigger.offset_seconds,
        ),
    )
    return stored.model_dump_json().encode()


def decode(row_id: str, stored: bytes | str, next_run_time: datetime | None) -> dict[str, Any]:
    """Return a job's state (for `Job.__setstate__()`) from its row.

    Raises:
        UnreadableJobError: If the row is not exactly what `encode` writes.
    """
    try:
        job = _StoredJob.model_validate_json(stored)
        schedule = parse_schedule(job.trigger.schedule)
    except (ValidationError, ScheduleError) as error:
        raise UnreadableJobError(f"The row of job {row_id!r} is not a job of Zos.") from error
    if row_id != job_id(job.layer):
        raise UnreadableJobError(f"The row of job {row_id!r} is about layer {job.layer!r}.")
    zone = ZoneInfo(job.trigger.timezone)
    return {
        "id": row_id,
        "name": job_name(job.layer),
        "func": REFERENCE,
        "args": (job.layer,),
        "kwargs": {},
        "executor": "default",
        "trigger": CrontabTrigger(schedule, zone, job.trigger.offset_seconds),
        "next_run_time": next_run_time,
        **JOB_OPTIONS,
    }
