"""Run rows: opened once, run by one process at a time, taken over from the dead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.postgres import somebody_waits

from zos.core.errors import NotFoundError
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import layer_run, run_target
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.runs.store import RunStore
from zos.reflect.states import RunStatus, TargetStatus, Trigger
from zos.reflect.targets.store import CANCELLED, TargetStore
from zos.salience.selector import Candidate, Selected

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)


def fire(
    layer: str = "nightly",
    slot: datetime | None = NOW,
    *,
    key: str | None = None,
    generation: int | None = None,
    trigger: Trigger = Trigger.SCHEDULE,
) -> RunRequest:
    return RunRequest(layer, trigger, "due", NOW, slot=slot, request_key=key, generation=generation)


async def opened(runs: RunStore, request: RunRequest | None = None) -> LayerRun:
    run = await runs.open(request or fire(), now=NOW)
    assert run is not None
    return run


async def planned(database: Database, targets: int) -> LayerRun:
    """A running run of `one` with so many targets."""
    runs = RunStore(database)
    run = await opened(runs)
    assert await runs.claim(run.id, owner="one", now=NOW)
    await plan(database, run, targets)
    return run


async def plan(database: Database, run: LayerRun, targets: int) -> None:
    candidates = tuple(
        Candidate(TopicKey.channel(1, number), 0, None, 0, 100) for number in range(1, targets + 1)
    )
    await TargetStore(database).plan(run.id, Selected(candidates, (), ""), now=NOW)


@pytest.mark.parametrize(
    "request_",
    [fire(), fire(slot=None, key="k"), fire(slot=None, generation=3)],
    ids=["slot", "request key", "generation"],
)
async def test_a_fire_is_opened_once(database: Database, request_: RunRequest) -> None:
    runs = RunStore(database)
    opens = await asyncio.gather(*(runs.open(request_, now=NOW) for _ in range(4)))
    assert len([run for run in opens if run is not None]) == 1


async def test_manual_runs_without_a_key_do_not_stand_in_each_others_way(
    database: Database,
) -> None:
    runs = RunStore(database)
    request = fire(slot=None, trigger=Trigger.MANUAL)
    assert (await opened(runs, request)).id != (await opened(runs, request)).id


async def test_two_runs_of_one_layer_never_run_together(database: Database) -> None:
    runs = RunStore(database)
    first = await opened(runs)
    second = await opened(runs, fire(slot=LATER))
    other_layer = await opened(runs, fire("weekly"))
    assert await runs.claim(first.id, owner="a", now=NOW)
    assert not await runs.claim(second.id, owner="b", now=NOW)
    assert await runs.claim(other_layer.id, owner="b", now=NOW)
    assert (await runs.get(second.id)).status is RunStatus.QUEUED
    await runs.finish(first.id, owner="a", status=RunStatus.SUCCESS, reason="", now=LATER)
    assert await runs.claim(second.id, owner="b", now=LATER)


async def test_of_many_claims_one_wins(database: Database) -> None:
    runs = RunStore(database)
    run = await opened(runs)
    claims = await asyncio.gather(*(runs.claim(run.id, owner=f"p{n}", now=NOW) for n in range(6)))
    assert claims.count(True) == 1


async def test_only_the_owner_beats_and_finishes(database: Database) -> None:
    runs = RunStore(database)
    run = await opened(runs)
    await runs.claim(run.id, owner="a", now=NOW)
    assert await runs.heartbeat(run.id, owner="a", now=LATER)
    assert not await runs.heartbeat(run.id, owner="b", now=LATER)
    unchanged = await runs.finish(
        run.id, owner="b", status=RunStatus.FAILED, reason="no", now=LATER
    )
    assert unchanged.status is RunStatus.RUNNING
    done = await runs.finish(run.id, owner="a", status=RunStatus.SUCCESS, reason="", now=LATER)
    assert (done.status, done.finished_at, done.started_at) == (RunStatus.SUCCESS, LATER, NOW)


async def test_a_run_is_taken_over_once_and_only_as_it_was_seen(database: Database) -> None:
    runs = RunStore(database)
    run = await opened(runs)
    await runs.claim(run.id, owner="dead", now=NOW)
    seen = await runs.get(run.id)
    wins = await asyncio.gather(*(runs.take_over(seen, owner=f"p{n}", now=LATER) for n in range(4)))
    assert wins.count(True) == 1
    alive = await runs.get(run.id)
    await runs.heartbeat(run.id, owner=alive.owner or "", now=LATER + timedelta(seconds=5))
    assert not await runs.take_over(alive, owner="late", now=LATER)


async def test_an_interrupted_run_can_be_claimed_again(database: Database) -> None:
    runs = RunStore(database)
    run = await opened(runs)
    await runs.claim(run.id, owner="a", now=NOW)
    cut = await runs.finish(
        run.id, owner="a", status=RunStatus.INTERRUPTED, reason="stopped", now=LATER
    )
    assert cut.finished_at is None
    assert [one.id for one in await runs.unfinished()] == [run.id]
    assert await runs.claim(run.id, owner="b", now=LATER)
    assert (await runs.get(run.id)).started_at == NOW


async def test_an_outcome_without_a_run_is_final_at_once(database: Database) -> None:
    runs = RunStore(database)
    missed = await runs.open(
        fire(), now=LATER, status=RunStatus.MISSED, slot_last=LATER, slot_count=7
    )
    assert missed is not None
    assert (missed.finished_at, missed.slot_count, missed.slot_last) == (LATER, 7, LATER)
    assert not await runs.claim(missed.id, owner="a", now=LATER)


async def test_a_run_that_nobody_will_run_is_closed_with_its_reason(database: Database) -> None:
    runs = RunStore(database)
    run = await opened(runs, fire(slot=None, key="again", trigger=Trigger.MANUAL))
    assert await runs.close_unclaimed(run.id, status=RunStatus.SKIPPED, reason="overlap", now=LATER)
    assert not await runs.close_unclaimed(
        run.id, status=RunStatus.SKIPPED, reason="overlap", now=LATER
    )
    found = await runs.by_request("nightly", "again")
    assert found is not None
    assert (found.status, found.reason) == (RunStatus.SKIPPED, "overlap")
    assert await runs.by_request("nightly", "other") is None
    with pytest.raises(NotFoundError, match="no run nowhere"):
        await runs.get("nowhere")


async def test_a_commit_under_way_and_a_cancel_wait_for_each_other(database: Database) -> None:
    runs = RunStore(database)
    run = await planned(database, 1)
    async with database.write() as connection:  # as `finish_target` does: the target, then its run
        done = update(run_target).where(run_target.c.run_id == run.id)
        await connection.execute(done.values(status=TargetStatus.SUCCESS.value))
        cancelling = asyncio.create_task(runs.cancel(run.id, reason="enough", now=LATER))
        await asyncio.wait({cancelling}, timeout=0.2)
        count = update(layer_run).where(layer_run.c.id == run.id).values(targets_done=1)
        await connection.execute(count)
    assert await cancelling
    (target,) = await TargetStore(database).of_run(run.id)
    assert target.status is TargetStatus.SUCCESS
    ended = await runs.get(run.id)
    assert (ended.status, ended.targets_done) == (RunStatus.CANCELLED, 1)


@pytest.mark.parametrize(
    "end",
    [
        lambda runs, run: runs.finish(
            run, owner="one", status=RunStatus.FAILED, reason="broken", now=LATER
        ),
        lambda runs, run: runs.close_unclaimed(
            run, status=RunStatus.SKIPPED, reason="overlap", now=LATER
        ),
        lambda runs, run: runs.cancel(run, reason="enough", now=LATER),
    ],
    ids=["failed", "closed", "cancelled"],
)
async def test_a_run_that_ends_leaves_no_target_open(
    database: Database,
    end: Callable[[RunStore, str], Awaitable[object]],
    request: pytest.FixtureRequest,
) -> None:
    runs, targets = RunStore(database), TargetStore(database)
    run = await planned(database, 2)
    if "closed" in request.node.name:
        await runs.finish(
            run.id, owner="one", status=RunStatus.INTERRUPTED, reason="stopped", now=NOW
        )
        assert [one.status for one in await targets.of_run(run.id)] == [TargetStatus.QUEUED] * 2
    taken = await runs.finish(
        run.id, owner="two", status=RunStatus.FAILED, reason="not mine", now=LATER
    )
    assert not taken.status.is_final
    untouched = await targets.of_run(run.id, only_open=True)
    assert len(untouched) == 2

    await end(runs, run.id)
    assert (await runs.get(run.id)).status.is_final
    left = await targets.of_run(run.id)
    assert [(one.status, one.finished_at) for one in left] == [(TargetStatus.SKIPPED, LATER)] * 2
    assert all(one.reason for one in left)


@pytest.mark.parametrize("config", ["postgres"], indirect=True)
async def test_a_run_that_is_cancelled_while_it_is_planned_leaves_no_target_open(
    database: Database,
) -> None:
    runs = RunStore(database)
    run = await opened(runs)
    ending: list[asyncio.Task[bool]] = []

    @asynccontextmanager
    async def write() -> AsyncIterator[AsyncConnection]:
        patch.undo()
        async with database.write() as planning:
            yield planning
            ending.append(asyncio.create_task(runs.cancel(run.id, reason="enough", now=LATER)))
            await somebody_waits(database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "write", write)
        await plan(database, run, 2)
    assert await ending[0]
    left = await TargetStore(database).of_run(run.id)
    assert [(one.status, one.reason) for one in left] == [(TargetStatus.SKIPPED, CANCELLED)] * 2


@pytest.mark.parametrize("config", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "end",
    [
        lambda database, run: RunStore(database).cancel(run, reason="enough", now=LATER),
        lambda database, run: TargetStore(database).give_up(run, now=LATER),
    ],
    ids=["cancel", "give up"],
)
async def test_targets_are_locked_in_one_order(
    database: Database, end: Callable[[Database, str], Coroutine[Any, Any, object]]
) -> None:
    run = await planned(database, 2)
    first, second = sorted(one.id for one in await TargetStore(database).of_run(run.id))
    target = update(run_target).values(attempts=1)
    async with database.write() as moving:  # now the first is stored behind the second
        await moving.execute(target.where(run_target.c.id == first))
    of_one = select(run_target.c.id).with_for_update(nowait=True)
    async with database.write() as holding:
        await holding.execute(of_one.where(run_target.c.id == first))
        other = asyncio.create_task(end(database, run.id))
        await somebody_waits(database)
        await holding.execute(of_one.where(run_target.c.id == second))
    await other


async def test_a_cancelled_run_can_commit_nothing_more(database: Database) -> None:
    runs = RunStore(database)
    run = await opened(runs)
    assert await runs.claim(run.id, owner="one", now=NOW)
    assert await runs.cancel(run.id, reason="another fire", now=LATER)
    assert not await runs.heartbeat(run.id, owner="one", now=LATER)
    ended = await runs.finish(run.id, owner="one", status=RunStatus.SUCCESS, reason="", now=LATER)
    assert (ended.status, ended.reason) == (RunStatus.CANCELLED, "another fire")
    assert not await runs.cancel(run.id, reason="again", now=LATER)
