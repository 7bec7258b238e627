"""Reconciling: jobs follow the layers, and whatever asks for nothing new is not touched."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from structlog.testing import capture_logs
from tests.scheduler.layers import in_force, layer

from zos.config.model import SchedulerConfig
from zos.core.errors import DatabaseError
from zos.scheduler.jobs.codec import JOB_OPTIONS, job_id
from zos.scheduler.jobs.entry import REFERENCE
from zos.scheduler.jobs.store import JsonJobStore
from zos.scheduler.reconcile import reconcile
from zos.scheduler.safe import SafeScheduler
from zos.scheduler.slot_executor import SlotExecutor
from zos.scheduler.terms import trigger_of

SETTINGS = SchedulerConfig()
OVERDUE = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
NIGHTLY = job_id("nightly")


@pytest.fixture
async def scheduler(tmp_path: Path) -> AsyncIterator[SafeScheduler]:
    opened = SafeScheduler(JsonJobStore(str(tmp_path / "zos.db")), SlotExecutor(lambda _due: None))
    opened.start(paused=True)
    yield opened
    opened.shutdown()


def test_nothing_is_needed_from_a_loop_to_read_the_trap() -> None:
    """The naive way: remove and add again, which moves an overdue job to its next slot."""
    naive = AsyncIOScheduler(job_defaults=JOB_OPTIONS, timezone=UTC)
    trigger = trigger_of(layer(), SETTINGS)
    naive.add_job(REFERENCE, trigger, args=("nightly",), id=NIGHTLY, next_run_time=OVERDUE)
    naive.remove_job(NIGHTLY)
    job = naive.add_job(REFERENCE, trigger, args=("nightly",), id=NIGHTLY)
    assert not hasattr(
        job, "next_run_time"
    )  # it will be asked of the trigger: the overdue fire is lost


async def test_an_overdue_job_stays_overdue(scheduler: SafeScheduler) -> None:
    reconcile(scheduler, in_force(layer()), SETTINGS)
    scheduler.modify_job(NIGHTLY, next_run_time=OVERDUE)
    found = reconcile(scheduler, in_force(layer(description="new words")), SETTINGS)
    assert found.kept == ["nightly"]
    assert scheduler.get_job(NIGHTLY).next_run_time == OVERDUE


async def test_a_start_announces_every_schedule(scheduler: SafeScheduler) -> None:
    layers = in_force(layer(), layer("by-hand", schedule=None))
    reconcile(scheduler, layers, SETTINGS)
    with capture_logs() as logs:
        reconcile(scheduler, layers, SETTINGS, announce=layers)
        reconcile(scheduler, layers, SETTINGS)
    assert [(line["event"], line["layer"]) for line in logs] == [("layer_scheduled", "nightly")]


async def test_a_job_paused_by_hand_stays_paused(scheduler: SafeScheduler) -> None:
    reconcile(scheduler, in_force(layer()), SETTINGS)
    scheduler.pause_job(NIGHTLY)
    reconcile(scheduler, in_force(layer()), SETTINGS)
    assert scheduler.get_job(NIGHTLY).next_run_time is None


@pytest.mark.parametrize(
    "change",
    [{"schedule": "0 5 * * *"}, {"timezone": "Asia/Kolkata"}, {"jitter": 3600}],
    ids=lambda change: next(iter(change)),
)
async def test_a_changed_time_reschedules(scheduler: SafeScheduler, change: dict[str, Any]) -> None:
    reconcile(scheduler, in_force(layer()), SETTINGS)
    before = scheduler.get_job(NIGHTLY).next_run_time
    changed = in_force(layer(**change))
    with capture_logs() as logs:
        found = reconcile(scheduler, changed, SETTINGS)
    assert found.rescheduled == ["nightly"]
    assert scheduler.get_job(NIGHTLY).next_run_time != before
    assert [line["event"] for line in logs] == ["layer_scheduled"]


async def test_another_spelling_of_the_same_schedule_changes_nothing(
    scheduler: SafeScheduler,
) -> None:
    reconcile(scheduler, in_force(layer(schedule="@daily")), SETTINGS)
    scheduler.modify_job(NIGHTLY, next_run_time=OVERDUE)
    assert reconcile(scheduler, in_force(layer(schedule="0 0 * * *")), SETTINGS).kept
    assert scheduler.get_job(NIGHTLY).next_run_time == OVERDUE


async def test_only_layers_with_a_schedule_have_jobs(scheduler: SafeScheduler) -> None:
    both = in_force(layer(), layer("by-hand", schedule=None), layer("off", enabled=False))
    assert reconcile(scheduler, both, SETTINGS).added == ["nightly", "off"]
    with capture_logs() as logs:
        found = reconcile(scheduler, in_force(layer("by-hand", schedule=None)), SETTINGS)
    assert found.removed == ["nightly", "off"]
    assert scheduler.get_jobs() == []
    assert {line["event"] for line in logs} == {"layer_unscheduled"}


async def test_a_locked_store_changes_nothing_at_all(
    scheduler: SafeScheduler, tmp_path: Path
) -> None:
    reconcile(scheduler, in_force(layer()), SETTINGS)
    with closing(sqlite3.connect(tmp_path / "zos.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseError):
            reconcile(scheduler, in_force(layer("other")), SETTINGS)
        writer.execute("ROLLBACK")
    assert [job.id for job in scheduler.get_jobs()] == [NIGHTLY]
    assert timedelta(0) < scheduler.get_jobs()[0].next_run_time - datetime.now(UTC)
