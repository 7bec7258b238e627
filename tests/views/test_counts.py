from __future__ import annotations

from tests.views.conftest import NOON, History

from zos.db.engine import Database
from zos.reflect.states import RunStatus, TargetStatus
from zos.views.counts import open_runs, target_outcomes


async def test_open_runs_are_counted_by_state_with_zeros(
    database: Database, history: History
) -> None:
    await history.open("a")
    await history.open("b")
    await history.start(await history.open("c"))
    await history.open("d", status=RunStatus.MISSED)
    assert await open_runs(database) == {
        RunStatus.QUEUED: 2,
        RunStatus.RUNNING: 1,
        RunStatus.INTERRUPTED: 0,
    }


async def test_targets_are_counted_over_all_runs_asked_for(
    database: Database, history: History
) -> None:
    runs = [await history.open(slot=None, at=NOON) for _ in range(3)]
    for run in runs:
        await history.target(run, "user:1", 0, TargetStatus.SUCCESS)
    await history.target(runs[0], "user:2", 1, TargetStatus.FAILED)
    ids = [run.id for run in runs[:2]]
    assert await target_outcomes(database, ids) == {"success": 2, "failed": 1}
    assert await target_outcomes(database, []) == {}
    assert await target_outcomes(database, ids[:1] + ["x"] * 600) == {"success": 1, "failed": 1}
