"""The job store: rows survive restarts, strangers' rows are kept and never run, locks do not hold it up."""

from __future__ import annotations

import os
import pickle
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from apscheduler.jobstores.base import ConflictingIdError, JobLookupError
from sqlalchemy import text

from zos.config import Config
from zos.core.errors import DatabaseError
from zos.db.engine import job_store_url
from zos.reflect.schedule import parse_schedule
from zos.scheduler.crontab import CrontabTrigger
from zos.scheduler.jobs.codec import job_id, job_name
from zos.scheduler.jobs.entry import REFERENCE
from zos.scheduler.jobs.store import JsonJobStore, job_engine
from zos.scheduler.safe import SafeScheduler
from zos.scheduler.slot_executor import SlotExecutor

FIRE = datetime(2126, 3, 3, 3, 0, tzinfo=UTC)


class Planted:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.mark),))


@pytest.fixture
def url(config: Config) -> str:
    return job_store_url(config).render_as_string(hide_password=False)


Opener = Callable[[str], SafeScheduler]


@pytest.fixture
async def opener() -> AsyncIterator[Opener]:
    """Start a paused scheduler on a store; all are stopped at the end."""
    started: list[SafeScheduler] = []

    def start(path_or_url: str) -> SafeScheduler:
        scheduler = SafeScheduler(JsonJobStore(path_or_url), SlotExecutor(lambda _due: None))
        scheduler.start(paused=True)
        started.append(scheduler)
        return scheduler

    yield start
    for scheduler in started:
        scheduler.shutdown()


def store_of(scheduler: SafeScheduler) -> JsonJobStore:
    store = scheduler._lookup_jobstore("default")
    assert isinstance(store, JsonJobStore)
    return store


def add(scheduler: SafeScheduler, layer: str, fire: datetime | None = FIRE) -> None:
    trigger = CrontabTrigger(parse_schedule("0 3 * * *"), ZoneInfo("Europe/Berlin"))
    scheduler.add_job(
        REFERENCE,
        trigger,
        args=(layer,),
        id=job_id(layer),
        name=job_name(layer),
        next_run_time=fire,
    )


def plant(store: JsonJobStore, row_id: str, state: object, fire: object = 1.0) -> None:
    with store.transaction() as connection:
        row = {"id": row_id, "fire": fire, "state": state}
        connection.execute(
            text("INSERT INTO apscheduler_jobs VALUES (:id, :fire, :state)"), parameters=row
        )


def stored(store: JsonJobStore) -> dict[str, bytes]:
    with store.transaction() as connection:
        rows = connection.execute(text("SELECT id, job_state FROM apscheduler_jobs")).all()
    return {row.id: bytes(row.job_state) for row in rows}


async def test_a_job_is_as_it_was_after_a_restart(opener: Opener, url: str) -> None:
    first = opener(url)
    add(first, "nightly")
    add(first, "stopped", fire=None)
    jobs = opener(url).get_jobs()
    assert [job.id for job in jobs] == ["layer:nightly", "layer:stopped"]
    assert [job.next_run_time for job in jobs] == [FIRE, None]
    assert jobs[0].trigger == first.get_job("layer:nightly").trigger
    assert jobs[0].misfire_grace_time is None


async def test_jobs_are_found_changed_and_removed(opener: Opener, url: str) -> None:
    scheduler = opener(url)
    add(scheduler, "a", FIRE + timedelta(days=1))
    add(scheduler, "b")
    with pytest.raises(ConflictingIdError):
        add(scheduler, "a")
    scheduler.modify_job("layer:a", next_run_time=FIRE - timedelta(days=1))
    store = store_of(scheduler)
    assert store.get_next_run_time() == FIRE - timedelta(days=1)
    assert [job.id for job in store.get_due_jobs(FIRE)] == ["layer:a", "layer:b"]
    scheduler.remove_job("layer:a")
    assert scheduler.get_job("layer:a") is None
    with pytest.raises(JobLookupError):
        scheduler.remove_job("layer:a")
    scheduler.remove_all_jobs()
    assert store.get_next_run_time() is None


async def test_a_planted_pickle_is_kept_and_reported_and_never_opened(
    opener: Opener, url: str, tmp_path: Path
) -> None:
    store = store_of(opener(url))
    mark = tmp_path / "executed"
    planted = pickle.dumps(Planted(mark))
    plant(store, "layer:nightly", planted)
    assert store.get_due_jobs(FIRE) == []
    assert not mark.exists()
    (parked,) = store.parked()
    assert parked.was == "layer:nightly"
    assert stored(store) == {parked.row_id: planted}
    assert store.get_next_run_time() is None


async def test_the_layer_of_a_parked_row_can_be_scheduled_again(opener: Opener, url: str) -> None:
    scheduler = opener(url)
    store = store_of(scheduler)
    for _ in range(2):
        plant(store, "layer:nightly", b"not a job")
        assert scheduler.get_job("layer:nightly") is None
    add(scheduler, "nightly")
    scheduler.remove_all_jobs()
    assert len(stored(store)) == 2  # what is parked stays


async def test_a_row_without_a_time_is_parked_and_the_others_are_found(
    opener: Opener, tmp_path: Path
) -> None:
    scheduler = opener(str(tmp_path / "zos.db"))
    store = store_of(scheduler)
    add(scheduler, "nightly", fire=None)
    (state,) = stored(store).values()
    plant(store, "layer:never", state, fire=1e300)
    add(scheduler, "weekly")
    scheduler.remove_job("layer:weekly")
    assert store.get_next_run_time() is None
    assert [parked.was for parked in store.parked()] == ["layer:never"]


async def test_a_foreign_lock_is_given_up_on_within_a_tenth_of_a_second(
    opener: Opener, tmp_path: Path
) -> None:
    path = tmp_path / "zos.db"
    scheduler = opener(str(path))
    add(scheduler, "nightly")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        started = perf_counter()
        with pytest.raises(DatabaseError, match="locked"):
            scheduler.remove_job("layer:nightly")
        assert perf_counter() - started < 1  # the default waits for five seconds
        writer.execute("ROLLBACK")
    scheduler.remove_job("layer:nightly")


@pytest.mark.parametrize("config", ["postgres"], indirect=True)
async def test_a_lock_in_postgresql_is_given_up_on_as_soon(url: str) -> None:
    engine = job_engine(url)
    for _ in range(2):  # a transaction's end takes nothing back
        with engine.connect() as connection:
            shown = [
                connection.scalar(text(f"SHOW {name}_timeout")) for name in ("lock", "statement")
            ]
            assert shown == ["50ms", "2s"]
    engine.dispose()


async def test_a_transaction_is_all_or_nothing(opener: Opener, url: str) -> None:
    scheduler = opener(url)
    store = store_of(scheduler)
    with pytest.raises(RuntimeError), store.transaction():
        add(scheduler, "a")
        with store.transaction():
            add(scheduler, "b")
        raise RuntimeError
    assert scheduler.get_jobs() == []
