"""The timer's rows as the doctor reads them: nothing in them is executed, put aside or mended."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select
from tests.scheduler.layers import layer

from zos.config.model import SchedulerConfig
from zos.db.engine import Database
from zos.db.tables import apscheduler_jobs
from zos.reflect.schedule import parse_schedule
from zos.scheduler.crontab import CrontabTrigger
from zos.scheduler.jobs.codec import encode
from zos.scheduler.jobs.entry import REFERENCE
from zos.scheduler.terms import trigger_of
from zos.views.timer import TimerJob, read_timer_jobs

TRIGGER = CrontabTrigger(parse_schedule("0 3 * * *"), ZoneInfo("Europe/Berlin"), 7)


def stored(
    name: str, trigger: CrontabTrigger = TRIGGER, fire: float | None = 4e9
) -> dict[str, object]:
    state = encode({"func": REFERENCE, "args": (name,), "trigger": trigger})
    return {"id": f"layer:{name}", "next_run_time": fire, "job_state": state}


async def test_jobs_are_read_and_rows_that_are_none_are_named(database: Database) -> None:
    rows: list[dict[str, object]] = [
        stored("nightly"),
        stored("stopped", fire=None),
        {"id": "backdoor", "next_run_time": 1.0, "job_state": pickle.dumps(print)},
        {"id": "parked:ab:layer:x", "next_run_time": None, "job_state": b"kept"},
    ]
    async with database.write() as connection:
        await connection.execute(insert(apscheduler_jobs), rows)
    found = await read_timer_jobs(database)
    assert found.of_layers == {
        "nightly": TimerJob(TRIGGER, is_stopped=False),
        "stopped": TimerJob(TRIGGER, is_stopped=True),
    }
    assert found.unreadable == ("backdoor",)
    async with database.read() as connection:
        kept = {row.id: row.job_state for row in await connection.execute(select(apscheduler_jobs))}
    assert kept == {str(row["id"]): row["job_state"] for row in rows}


async def test_a_job_compares_with_what_its_layer_asks_for(database: Database) -> None:
    assert (await read_timer_jobs(database)).of_layers == {}
    asked = trigger_of(layer(timezone="Europe/Berlin"), SchedulerConfig())
    assert asked is not None
    async with database.write() as connection:
        await connection.execute(insert(apscheduler_jobs), [stored("nightly", asked)])
    job = (await read_timer_jobs(database)).of_layers["nightly"]
    assert job.trigger == asked
    assert job.trigger != TRIGGER
    now = datetime(2026, 7, 1, tzinfo=UTC)
    assert job.trigger.get_next_fire_time(None, now) == now + timedelta(hours=1)
