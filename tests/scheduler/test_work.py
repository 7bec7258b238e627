"""One run from its row to its end, and what can go wrong on the way."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from structlog.testing import capture_logs
from tests.scheduler.conftest import Stage

from zos.config import Config
from zos.core.errors import LayerError
from zos.reflect.executor import LayerExecutor, Planner, named_topics
from zos.reflect.layer import Layer
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.runs.owner import this_process
from zos.reflect.states import RunStatus, Trigger
from zos.salience.selector import Selected
from zos.scheduler.definitions.lookup import Definitions
from zos.scheduler.definitions.store import DefinitionStore
from zos.scheduler.work import Work


class Bench:
    """A worker on a stage, and whom it told what."""

    def __init__(self, stage: Stage, planner: Planner, config: Config | None = None) -> None:
        self.stage = stage
        self.executor: LayerExecutor = stage.executor(config or stage.config)
        self.told: list[str] = []
        self.work = Work(
            self.executor,
            planner,
            Definitions(stage.loader(), DefinitionStore(stage.database), stage.clock),
            begun=self._begun,
            ended=self._ended,
        )

    async def _begun(self, run: LayerRun, layer: Layer) -> None:
        assert run.layer == layer.name
        self.told.append(f"{layer.name} begun")

    async def _ended(self, run: LayerRun, layer: Layer) -> None:
        self.told.append(f"{layer.name} {run.status.value}")

    async def opened(self, layer: str = "nightly") -> LayerRun:
        now = self.stage.clock.now()
        run = await self.executor.runs.open(RunRequest(layer, Trigger.MANUAL, "", now), now=now)
        assert run is not None
        return run


async def nothing(_run: LayerRun, _layer: Layer) -> Selected:
    return await named_topics([])(_run, _layer)


async def broken(_run: LayerRun, _layer: Layer) -> Selected:
    raise RuntimeError("no plan\nSELECT secret FROM statement")


async def refused(_run: LayerRun, _layer: Layer) -> Selected:
    raise LayerError("It cannot be planned.", hint="Mend it.")


async def test_a_run_is_begun_and_ended_and_both_are_told(stage: Stage) -> None:
    stage.write()
    bench = Bench(stage, nothing)
    assert await bench.work.carry_out(await bench.opened())
    assert bench.told == ["nightly begun", "nightly skipped"]


@pytest.mark.parametrize(
    ("planner", "reason"),
    [(broken, "RuntimeError: no plan"), (refused, "It cannot be planned. Mend it.")],
)
async def test_an_error_ends_the_run_with_a_short_reason(
    stage: Stage, planner: Planner, reason: str
) -> None:
    stage.write()
    bench = Bench(stage, planner)
    run = await bench.opened()
    with capture_logs() as logs:
        assert await bench.work.carry_out(run)
    ended = await bench.executor.runs.get(run.id)
    assert (ended.status, ended.reason) == (RunStatus.FAILED, reason)
    assert bench.told == ["nightly begun", "nightly failed"]
    (line,) = [line for line in logs if line["event"] == "layer_execution_failed"]
    assert (line["layer"], line["error"]) == ("nightly", reason)


async def test_a_run_of_a_layer_that_is_gone_fails_and_says_so(stage: Stage) -> None:
    bench = Bench(stage, nothing)
    run = await bench.opened("vanished")
    with capture_logs() as logs:
        assert await bench.work.carry_out(run)
    ended = await bench.executor.runs.get(run.id)
    assert ended.status is RunStatus.FAILED
    assert ended.reason == "there is no such layer any more"
    assert [line["event"] for line in logs] == ["layer_not_found"]
    assert bench.told == []


async def test_a_run_whose_layer_runs_elsewhere_is_to_be_tried_again(stage: Stage) -> None:
    stage.write()
    bench = Bench(stage, nothing)
    elsewhere, here = await bench.opened(), await bench.opened()
    runs, now = bench.executor.runs, stage.clock.now()
    await runs.claim(elsewhere.id, owner="elsewhere", now=now)
    assert not await bench.work.carry_out(here)
    await runs.finish(elsewhere.id, owner="elsewhere", status=RunStatus.SUCCESS, reason="", now=now)
    assert await bench.work.carry_out(here)
    assert await bench.work.carry_out(here)  # it has ended: nothing is left to do
    assert bench.told == ["nightly begun", "nightly skipped"]


async def test_what_a_dead_process_left_running_is_finished(stage: Stage) -> None:
    stage.write()
    bench = Bench(stage, nothing)
    run = await bench.opened()
    await bench.executor.runs.claim(run.id, owner=this_process() + "0", now=stage.clock.now())
    left = await bench.executor.runs.get(run.id)
    assert await bench.work.carry_out(left)
    assert bench.told == ["nightly begun", "nightly skipped"]
    assert await bench.work.carry_out(left)  # somebody was faster
    assert len(bench.told) == 2


@pytest.mark.parametrize("config", ["sqlite"], indirect=True)  # which locks the whole store
async def test_an_end_that_cannot_be_written_is_left_to_recovery(stage: Stage) -> None:
    path = stage.database.path
    assert path is not None
    stage.write()
    writer = sqlite3.connect(path, isolation_level=None)

    async def locked_meanwhile(_run: LayerRun, _layer: Layer) -> Selected:
        writer.execute("BEGIN IMMEDIATE")
        raise RuntimeError("no plan")

    bench = Bench(stage, locked_meanwhile)
    run = await bench.opened()
    with closing(writer), capture_logs() as logs:
        assert await bench.work.carry_out(run)
        writer.execute("ROLLBACK")
    assert (await bench.executor.runs.get(run.id)).status is RunStatus.RUNNING
    assert [line["event"] for line in logs][-1] == "outcome_not_written"
    assert bench.told == ["nightly begun"]
