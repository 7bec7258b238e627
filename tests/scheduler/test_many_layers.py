"""Five hundred layers that are due at one moment: what a start and a fire cost (bench/scheduler.py measures more)."""

from __future__ import annotations

import sys
from datetime import timedelta
from time import process_time

import pytest
from apscheduler.schedulers.base import STATE_RUNNING
from sqlalchemy import func, select
from tests.acceptance.stepped_clock import SteppedClock
from tests.scheduler.conftest import Stage, until

from zos.db.tables import layer_run
from zos.views.runs import RunsView

LAYERS = 500
TRACED = 6 if sys.gettrace() else 1
"""How much slower a measuring of coverage makes everything."""


@pytest.mark.parametrize("config", ["sqlite"], indirect=True)  # one is enough to tell
async def test_five_hundred_layers_start_in_two_seconds_and_are_fired_together(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.real_time()
    monkeypatch.setattr(SteppedClock, "ahead", timedelta(0))
    monkeypatch.setattr("zos.core.clock.datetime", SteppedClock)
    monkeypatch.setattr("apscheduler.schedulers.base.datetime", SteppedClock)
    for number in range(LAYERS):
        stage.write(f"layer-{number:03}", schedule="* * * * *")
    scheduler = stage.scheduler()
    monkeypatch.setattr(scheduler._parts.dispatcher, "submit", lambda _run: None)
    scheduler.loader.load_all()
    SteppedClock.approach(timedelta(seconds=5))

    before = process_time()
    scheduler.start()

    async def running() -> bool:
        return bool(scheduler.scheduler.state == STATE_RUNNING)

    await until(running)
    assert process_time() - before < 2 * TRACED

    async def fired() -> bool:
        query = select(func.count()).where(layer_run.c.layer.startswith("layer-"))
        async with stage.database.read() as connection:
            return int(await connection.scalar(query) or 0) >= LAYERS

    await until(fired, seconds=75)
    await scheduler.drain(0)
    scheduler.stop()
    runs = (await RunsView(stage.database).page(limit=200)).items
    assert len(runs) == 200
    # Within a second where the machine has nothing else to do.
    late = [run.lateness_seconds for run in runs if run.lateness_seconds is not None]
    assert len(late) == len(runs)
    assert max(late) < 2 * TRACED
