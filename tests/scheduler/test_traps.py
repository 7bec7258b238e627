"""What APScheduler does out of the box, and what Zos does instead.

Traps of cron are shown in test_crontab, of reconciling in test_reconcile, of the timer in test_safe.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import text
from tests.scheduler.layers import in_force, layer

from zos.config.model import SchedulerConfig
from zos.scheduler.jobs.codec import job_id
from zos.scheduler.jobs.store import JsonJobStore
from zos.scheduler.reconcile import reconcile
from zos.scheduler.safe import SafeScheduler
from zos.scheduler.slot_executor import SlotExecutor
from zos.scheduler.terms import trigger_of

SETTINGS = SchedulerConfig()
NIGHTLY = job_id("nightly")


class Planted:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.mark),))


class Holder:
    """Holds what cannot be pickled, as a scheduler does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    async def execute(self, layer_name: str) -> None:
        """Be a job."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "zos.db"


@pytest.fixture
async def naive(path: Path) -> AsyncIterator[AsyncIOScheduler]:
    made = AsyncIOScheduler(
        jobstores={"default": SQLAlchemyJobStore(url=f"sqlite:///{path}")}, timezone=UTC
    )
    made.start(paused=True)
    yield made
    made.shutdown(wait=False)
    await asyncio.sleep(0)


@pytest.fixture
async def ours(path: Path) -> AsyncIterator[SafeScheduler]:
    made = SafeScheduler(JsonJobStore(str(path)), SlotExecutor(lambda _due: None))
    made.start(paused=True)
    yield made
    made.shutdown()


def plant(path: Path, state: bytes) -> None:
    store = JsonJobStore(str(path))
    with store.transaction() as connection:
        row = {"id": NIGHTLY, "fire": 1.0, "state": state}
        connection.execute(text("INSERT INTO apscheduler_jobs VALUES (:id, :fire, :state)"), row)
    store.shutdown()


def rows(path: Path) -> int:
    store = JsonJobStore(str(path))
    with store.transaction() as connection:
        count = connection.execute(text("SELECT count(*) FROM apscheduler_jobs")).scalar_one()
    store.shutdown()
    return int(count)


async def test_a_method_of_what_holds_a_scheduler_cannot_be_stored(
    naive: AsyncIOScheduler,
) -> None:
    with pytest.raises(TypeError, match="cannot pickle"):
        naive.add_job(Holder().execute, "interval", days=1, args=("nightly",))


async def test_a_layers_name_can(ours: SafeScheduler) -> None:
    reconcile(ours, in_force(layer()), SETTINGS)
    assert ours.get_job(NIGHTLY).args == ("nightly",)


async def test_a_planted_pickle_is_executed_and_then_deleted(
    naive: AsyncIOScheduler, path: Path
) -> None:
    mark = path.with_name("executed")
    plant(path, pickle.dumps(Planted(mark)))
    assert naive.get_jobs() == []
    assert mark.exists()
    assert rows(path) == 0


async def test_here_it_is_neither(ours: SafeScheduler, path: Path) -> None:
    mark = path.with_name("executed")
    plant(path, pickle.dumps(Planted(mark)))
    assert ours.get_jobs() == []
    assert not mark.exists()
    assert rows(path) == 1


def test_without_a_zone_the_process_own_decides() -> None:
    program = (
        "from apscheduler.triggers.cron import CronTrigger;"
        "print(CronTrigger.from_crontab('0 3 * * *').timezone)"
    )
    environ = {**os.environ, "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", program]
    naive = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    assert naive.stdout == "Asia/Tokyo\n"
    trigger = trigger_of(layer(), SETTINGS)
    assert trigger is not None
    assert trigger.zone.key == "UTC"


async def test_a_month_asleep_is_walked_through_minute_by_minute(
    naive: AsyncIOScheduler, ours: SafeScheduler
) -> None:
    now = datetime.now(UTC)
    asleep_since = now - timedelta(days=30)
    every_minute = CronTrigger.from_crontab("* * * * *", timezone=UTC)
    naive.add_job("builtins:print", every_minute, id="naive", next_run_time=asleep_since)
    assert len(naive.get_job("naive")._get_run_times(now)) > 43_000
    reconcile(ours, in_force(layer(schedule="* * * * *")), SETTINGS)
    job = ours.modify_job(NIGHTLY, next_run_time=asleep_since)
    assert job._get_run_times(now) == [asleep_since]


async def test_a_shutdown_that_should_wait_cancels_what_runs() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(0.2)
            ended.append("done")
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    naive = AsyncIOScheduler(executors={"default": AsyncIOExecutor()}, timezone=UTC)
    naive.start()
    naive.add_job(work)
    await asyncio.sleep(0.05)
    naive.shutdown(wait=True)
    await asyncio.sleep(0.3)
    assert ended == ["cancelled"]  # ours: test_draining_lets_a_run_end_and_cancels_nothing


def test_an_asynchronous_url_is_understood(path: Path) -> None:
    url = f"sqlite+aiosqlite:///{path}"
    store = JsonJobStore(url)
    assert store.file == path
    store.shutdown()


def test_before_the_start_there_are_no_stored_jobs(path: Path) -> None:
    unstarted = SafeScheduler(JsonJobStore(str(path)), SlotExecutor(lambda _due: None))
    assert unstarted.get_jobs() == []  # so the command line reads rows, or asks the service
    unstarted.jobs.shutdown()
