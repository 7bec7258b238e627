"""How the service is."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.views.conftest import NOON
from tests.views.test_jobs import Layers, store_job, store_state

from zos.config import Config
from zos.db.engine import Database
from zos.reflect.loader import LayerLoader
from zos.views.health import Health, HealthView
from zos.views.jobs import JobsView


@pytest.fixture
def layers(tmp_path: Path) -> Layers:
    return Layers(tmp_path / "layers")


@pytest.fixture
def view(database: Database, layers: Layers, config: Config) -> HealthView:
    layers.write("nightly")
    return HealthView(database, JobsView(database, LayerLoader(layers.folder), config))


async def test_a_service_that_fires_layers_is_ready(view: HealthView) -> None:
    assert await view.report(NOON, scheduler_runs=True) == Health(True, (), ())


async def test_without_its_scheduler_it_is_not(view: HealthView) -> None:
    report = await view.report(NOON, scheduler_runs=False)
    assert (report.ready, len(report.obstacles)) == (False, 1)


async def test_without_its_store_it_is_not(view: HealthView, database: Database) -> None:
    await database.close()
    report = await view.report(NOON, scheduler_runs=True)
    assert not report.ready
    assert "not open" in report.obstacles[0]


async def test_what_deserves_a_look_is_told_in_words(
    view: HealthView, database: Database, layers: Layers
) -> None:
    await store_job(database, "layer:nightly", NOON)
    await store_job(database, "parked:ab12:x", None)
    pause = {"paused_at": NOON, "paused_by": "zos", "pause_note": "5 failed runs in a row"}
    await store_state(database, "nightly", failures_in_row=5, **pause)
    (layers.folder / "broken.yaml").write_text("name: [")
    later = NOON.replace(hour=13)
    notices = (await view.report(later, scheduler_runs=True)).notices
    assert notices[:3] == (
        "nightly should have fired at 2026-03-02T12:00:00+00:00.",
        "nightly has failed 5 times in a row.",
        "nightly is paused by zos: 5 failed runs in a row.",
    )
    assert notices[3].startswith("Layer file broken.yaml:")
    assert notices[4] == "The job store holds a row that is no job of Zos: parked:ab12:x."


async def test_a_disabled_layer_is_never_overdue(
    view: HealthView, database: Database, layers: Layers
) -> None:
    layers.write("nightly", "schedule: 0 3 * * *\nenabled: false")
    await store_job(database, "layer:nightly", NOON)
    later = NOON.replace(hour=13)
    assert (await view.report(later, scheduler_runs=True)).notices == ()
