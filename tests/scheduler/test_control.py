"""What can be asked of the scheduler without starting it: run now, pause, resume."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.fakes.model_server import Reply
from tests.scheduler.conftest import GOOD, Stage, channel, until
from tests.scheduler.test_pings import Watcher, watcher

from zos.config import Config
from zos.core.errors import (
    EndedError,
    LayerError,
    LayerNotFoundError,
    NotFoundError,
    TopicKeyError,
    UsageError,
)
from zos.db.tables import layer_definition, layer_run, model_call, run_target
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.runs.owner import this_process
from zos.reflect.states import RunStatus, Trigger
from zos.scheduler import ReflectionScheduler
from zos.scheduler.state.store import LayerStateStore

__all__ = ["watcher"]

BROKEN = Reply(status=400)


async def test_a_named_topic_is_reflected_on_at_once_and_the_run_can_be_waited_for(
    stage: Stage,
) -> None:
    stage.write()
    topics = await stage.talk(2)
    scheduler = stage.scheduler()
    asked = await scheduler.request("nightly", by="ada", topics=topics)
    assert (asked.trigger, asked.status, asked.reason) == (
        Trigger.MANUAL,
        RunStatus.QUEUED,
        "asked for by ada",
    )
    ended = await scheduler.wait(asked.id)
    assert (ended.status.value, ended.insights_created) == ("success", 2)
    assert sorted(row.topic_key for row in await stage.rows(run_target)) == topics


async def test_asking_twice_with_one_key_is_asking_once(stage: Stage) -> None:
    stage.write()
    topics = await stage.talk()
    scheduler = stage.scheduler()
    asked = [
        await scheduler.request("nightly", by="ada", topics=topics, request_key="k")
        for _ in range(2)
    ]
    await scheduler.wait(asked[0].id)
    assert asked[0].id == asked[1].id
    assert len(await stage.runs()) == 1


async def test_what_cannot_be_run_is_refused_in_one_sentence(stage: Stage) -> None:
    stage.write()
    stage.write("off", enabled=False)
    scheduler = stage.scheduler()
    with pytest.raises(LayerNotFoundError, match="Did you mean 'nightly'"):
        await scheduler.request("nightli", by="ada")
    with pytest.raises(LayerError, match="'off' is disabled"):
        await scheduler.request("off", by="ada")
    with pytest.raises(TopicKeyError):
        await scheduler.request("nightly", by="ada", topics=["nonsense"])
    assert await scheduler.trigger_now("unknown") is None
    assert await stage.runs() == []


async def test_the_definition_that_a_run_goes_by_is_kept(stage: Stage) -> None:
    stage.write()
    topics = await stage.talk()
    scheduler = stage.scheduler()
    run = await scheduler.request("nightly", by="ada", topics=topics)
    await scheduler.wait(run.id)
    kept = {row.hash: row.name for row in await stage.rows(layer_definition)}
    assert kept[run.layer_hash or ""] == "nightly"


async def test_a_trigger_runs_a_paused_layer_and_leaves_it_paused(stage: Stage) -> None:
    stage.write()
    topics = await stage.talk()
    scheduler = stage.scheduler()
    await scheduler.pause("nightly", by="ada", note="moving")
    run = await scheduler.request("nightly", by="bo", topics=topics)
    assert (await scheduler.wait(run.id)).status is RunStatus.SUCCESS
    state = await LayerStateStore(stage.database).get("nightly")
    assert state is not None
    assert str(state.pause) == "paused by ada: moving"
    with pytest.raises(LayerNotFoundError):
        await scheduler.pause("unknown", by="ada")
    with pytest.raises(UsageError, match="until 2026-03-02 12:00 UTC would be over already"):
        await scheduler.pause("nightly", by="ada", until=stage.clock.now())


async def test_a_resumed_layer_has_skipped_what_it_slept_through(stage: Stage) -> None:
    stage.write()
    scheduler = stage.scheduler()
    await scheduler.pause("nightly", by="ada", note="moving")
    stage.sleep(timedelta(hours=16))  # past three at night
    with capture_logs() as logs:
        await scheduler.resume("nightly", by="bo")
    (told,) = [one for one in logs if one["event"] == "slots_skipped"]
    assert "moving" not in str(told), "the record has the note and who wrote it; no log does"
    (skipped,) = await stage.runs()
    assert (skipped.status, skipped.reason) == (RunStatus.SKIPPED, "paused by ada: moving")
    state = await LayerStateStore(stage.database).get("nightly")
    assert state is not None
    assert state.pause is None


async def test_a_pause_that_has_an_end_ends_by_itself(stage: Stage) -> None:
    stage.write()
    scheduler = stage.scheduler()
    start = stage.clock.now()
    await scheduler.pause("nightly", by="ada", until=start + timedelta(hours=1))
    state = await LayerStateStore(stage.database).get("nightly")
    assert state is not None
    assert state.is_paused(start)
    assert not state.is_paused(start + timedelta(hours=1))
    stage.sleep(timedelta(hours=2))
    await scheduler.resume("nightly", by="ada")
    assert await stage.runs() == []


async def test_a_layer_that_keeps_failing_pauses_itself_and_says_so(stage: Stage) -> None:
    stage.write()
    topics = await stage.talk()
    stage.server.default = BROKEN
    scheduler = stage.scheduler(pause_after_failures=2)
    await scheduler.pause("nightly", by="ada")
    await scheduler.resume("nightly", by="ada")
    states = LayerStateStore(stage.database)
    with capture_logs() as logs:
        for expected in (False, True):
            run = await scheduler.request("nightly", by="ada", topics=topics)
            assert (await scheduler.wait(run.id)).status is RunStatus.FAILED
            state = await states.get("nightly")
            assert state is not None
            assert state.is_paused(stage.clock.now()) is expected
    (paused,) = [line for line in logs if line["event"] == "layer_paused"]
    assert (paused["by"], paused["layer"]) == ("zos", "nightly")
    assert paused["note"].startswith("2 failed runs in a row, the last because: 1 of 1 targets")
    run = await scheduler.request("nightly", by="ada", topics=topics)
    assert (await scheduler.wait(run.id)).status is RunStatus.FAILED
    await scheduler.resume("nightly", by="ada")
    state = await states.get("nightly")
    assert state is not None
    assert (state.pause, state.failures_in_row) == (None, 0)


async def test_a_run_that_ends_well_forgets_the_failures_before_it(stage: Stage) -> None:
    stage.write()
    topics = await stage.talk(3)
    scheduler = stage.scheduler(pause_after_failures=2)
    await scheduler.pause("nightly", by="ada")
    await scheduler.resume("nightly", by="ada")
    for topic, reply in zip(topics, (BROKEN, GOOD, BROKEN), strict=True):
        stage.server.default = reply
        run = await scheduler.request("nightly", by="ada", topics=[topic])
        await scheduler.wait(run.id)
    state = await LayerStateStore(stage.database).get("nightly")
    assert state is not None
    assert (state.pause, state.failures_in_row) == (None, 1)


async def test_what_a_dead_process_left_of_the_layer_is_finished_first(stage: Stage) -> None:
    stage.write()
    scheduler = stage.scheduler()
    runs, now = scheduler.executor.runs, stage.clock.now()
    left = await runs.open(RunRequest("nightly", Trigger.MANUAL, "asked", now), now=now)
    assert left is not None
    assert await runs.claim(left.id, owner=this_process() + "0", now=now)
    asked = await scheduler.request("nightly", by="ada", topics=await stage.talk())
    async with asyncio.timeout(10):
        ended = await scheduler.wait(asked.id)
    first = await runs.get(left.id)
    assert (first.status, ended.status) == (RunStatus.SUCCESS, RunStatus.DRY)


async def test_a_threshold_that_a_run_reaches_is_followed_at_its_end(stage: Stage) -> None:
    stage.write()
    stage.write("watcher", schedule=None, trigger_threshold=1)
    scheduler = stage.scheduler()
    for layer in ("nightly", "watcher"):  # registers it
        await scheduler.pause(layer, by="ada")
        await scheduler.resume(layer, by="ada")
    run = await scheduler.request("nightly", by="ada", topics=await stage.talk())
    await scheduler.wait(run.id)
    (reaction,) = await stage.until_ended(layer="watcher", seconds=5)
    assert reaction.trigger is Trigger.THRESHOLD


async def test_a_layer_without_budget_is_skipped_and_not_counted_as_failing(stage: Stage) -> None:
    price = {"input_per_million_usd": 1, "output_per_million_usd": 1}
    profile = stage.config.models.profiles["default"].model_dump() | {"price": price}
    models = {"profiles": {"default": profile}}
    stage.config = Config.model_validate({**stage.config.model_dump(), "models": models})
    stage.write(max_cost_usd=0)
    await stage.talk()
    scheduler = stage.scheduler(pause_after_failures=1)
    await scheduler.pause("nightly", by="ada")
    await scheduler.resume("nightly", by="ada")
    with capture_logs() as logs:
        run = await scheduler.trigger_now("nightly")
    assert run is not None
    assert run.status is RunStatus.SKIPPED
    assert run.reason.startswith("budget: ")
    state = await LayerStateStore(stage.database).get("nightly")
    assert state is not None
    assert (state.pause, state.failures_in_row) == (None, 0)
    assert "no_topics_selected" not in {line["event"] for line in logs}
    assert stage.server.requests == []


async def test_of_three_requests_one_runs_one_waits_and_one_is_skipped(stage: Stage) -> None:
    stage.write()
    topics = await stage.talk()
    stage.server.default = Reply(hang=True)
    scheduler = stage.scheduler()
    asked = [await scheduler.request("nightly", by="ada", topics=topics)]
    await stage.until_running()
    asked += [await scheduler.request("nightly", by="ada", topics=topics) for _ in range(2)]
    found = {run.id: run for run in await stage.runs()}
    assert [found[run.id].status.value for run in asked] == ["running", "queued", "skipped"]
    assert found[asked[2].id].reason == f"overlap: run {asked[0].id} is running and 1 waiting"
    await scheduler.drain(0)
    found = {run.id: run for run in await stage.runs()}
    assert [found[run.id].status.value for run in asked[:2]] == ["interrupted", "queued"]


async def test_a_new_fire_cancels_the_running_one_if_the_layer_says_so_and_nothing_has_failed(
    stage: Stage, watcher: Watcher
) -> None:
    stage.write(overlap="cancel_other", ping_url=watcher.url)
    topics = await stage.talk()
    stage.server.default = Reply(hang=True)
    scheduler = stage.scheduler()
    first = await scheduler.request("nightly", by="ada", topics=topics)
    await stage.until_running()
    stage.server.default = Reply(GOOD_DATA)
    second = await scheduler.request("nightly", by="ada", topics=topics)
    assert (await scheduler.wait(second.id)).status is RunStatus.SUCCESS
    called_off = await scheduler.wait(first.id)
    assert called_off.status is RunStatus.CANCELLED
    assert called_off.reason == "another fire of nightly took its place"
    states = {row.run_id: row.status for row in await stage.rows(run_target)}
    assert states == {first.id: "skipped", second.id: "success"}
    await scheduler.drain(0)
    assert sorted(watcher.paths) == [watcher.path, *[f"{watcher.path}/start"] * 2]


GOOD_DATA = {"statements": [{"text": "They talk about beans.", "sources": ["m1", "m2"]}]}


@pytest.fixture
def dear(stage: Stage) -> Stage:
    """A stage whose model costs money, and whose runs give a sign of life all the time."""
    values = stage.config.model_dump()
    price = {"input_per_million_usd": 1, "output_per_million_usd": 1}
    values["models"]["profiles"]["default"]["price"] = price
    values["reflect"]["heartbeat_seconds"] = 0.05
    stage.config = Config.model_validate(values)
    return stage


async def half_done(stage: Stage, scheduler: ReflectionScheduler) -> LayerRun:
    """A run of two topics: one is finished, the other's model does not answer."""
    topics = await stage.talk(2)
    stage.server.default = lambda asked: (
        Reply(hang=True) if "room-1." in asked.text else Reply(GOOD_DATA)
    )
    run = await scheduler.request("nightly", by="ada", topics=topics)

    async def one_done() -> bool:
        asked = len(stage.server.requests) == 2
        return asked and (await scheduler.executor.runs.get(run.id)).targets_done == 1

    await until(one_done)
    return run


async def insist_on_half(stage: Stage, run: LayerRun) -> None:
    """What was finished stays, the rest was given up, and its call is on the books."""
    states = {row.topic_key: row for row in await stage.rows(run_target) if row.run_id == run.id}
    kept, given_up = states[channel(0)], states[channel(1)]
    assert (kept.status, kept.insights_created) == ("success", 1)
    assert (given_up.status, given_up.reason) == ("skipped", "the run was cancelled")
    calls = {row.target_id: row for row in await stage.rows(model_call)}
    assert (calls[kept.id].outcome, calls[given_up.id].outcome) == ("ok", "lost")
    assert given_up.cost_microusd == calls[given_up.id].cost_microusd > 0
    (row,) = [one for one in await stage.rows(layer_run) if one.id == run.id]
    assert (row.status, row.targets_done, row.insights_created) == ("cancelled", 1, 1)
    assert row.reason == "cancelled by ben: too dear"
    assert row.cost_microusd == sum(one.cost_microusd for one in calls.values())


async def test_a_running_run_is_called_off_and_keeps_what_it_has(dear: Stage) -> None:
    dear.write()
    scheduler = dear.scheduler()
    run = await half_done(dear, scheduler)
    ended = await scheduler.cancel(run.id, by="ben", note="too dear")
    assert (ended.status, ended.reason) == (RunStatus.CANCELLED, "cancelled by ben: too dear")
    await insist_on_half(dear, run)
    with pytest.raises(EndedError, match="has ended already: cancelled"):
        await scheduler.cancel(run.id, by="ben")
    with pytest.raises(NotFoundError):
        await scheduler.cancel("01NOPE", by="ben")
    dear.server.default = Reply(GOOD_DATA)
    again = await scheduler.request("nightly", by="ada", topics=[channel(1)])
    assert (await scheduler.wait(again.id)).status is RunStatus.SUCCESS
    assert await scheduler.executor.runs.unfinished() == []
    assert (await scheduler.executor.runs.get(run.id)).status is RunStatus.CANCELLED


async def test_a_run_of_another_process_is_called_off_at_its_next_heartbeat(
    dear: Stage, watcher: Watcher
) -> None:
    dear.write(ping_url=watcher.url)
    running, elsewhere = dear.scheduler(), dear.scheduler()
    run = await half_done(dear, running)
    ended = await elsewhere.cancel(run.id, by="ben", note="too dear")
    assert ended.status is RunStatus.CANCELLED
    async with asyncio.timeout(10):
        await running._parts.dispatcher.wait(run.id)
    await insist_on_half(dear, run)
    for one in (running, elsewhere):
        await one._parts.pings.close()
    assert watcher.paths == [f"{watcher.path}/start", f"{watcher.path}/fail"]
    dear.server.default = Reply(GOOD_DATA)
    again = await elsewhere.request("nightly", by="ada", topics=[channel(1)])
    assert (await elsewhere.wait(again.id)).status is RunStatus.SUCCESS


async def test_a_run_that_waits_or_was_cut_is_called_off_and_never_begins(
    stage: Stage, watcher: Watcher
) -> None:
    stage.write(ping_url=watcher.url)
    topics = await stage.talk()
    stage.server.default = Reply(hang=True)
    scheduler = stage.scheduler()
    first = await scheduler.request("nightly", by="ada", topics=topics)
    await stage.until_running()
    waiting = await scheduler.request("nightly", by="ada", topics=topics)
    with capture_logs() as logs:
        ended = await scheduler.cancel(waiting.id, by="discord:11", note="too dear")
    assert (ended.status, ended.started_at) == (RunStatus.CANCELLED, None)
    assert ("layer_cancelled", waiting.id) in [(one["event"], one.get("run")) for one in logs]
    assert "discord:11" not in str(logs), (
        "the run names its operator and tells their note; no log does"
    )
    await scheduler.drain(0)
    assert watcher.paths == [f"{watcher.path}/start"]  # of the first: the other never began
    assert (await scheduler.cancel(first.id, by="ben")).reason == "cancelled by ben"
    assert await scheduler.executor.runs.unfinished() == []
    await scheduler.drain(0)
    assert watcher.paths == [f"{watcher.path}/start", f"{watcher.path}/fail"]


async def test_a_run_that_another_process_carries_out_can_be_waited_for(stage: Stage) -> None:
    stage.write()
    scheduler = stage.scheduler()
    runs, now = scheduler.executor.runs, stage.clock.now()
    run = await runs.open(RunRequest("nightly", Trigger.MANUAL, "asked", now), now=now)
    assert run is not None
    await runs.claim(run.id, owner="elsewhere", now=now)
    waiting = asyncio.create_task(scheduler.wait(run.id))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    status = RunStatus.SUCCESS
    await runs.finish(run.id, owner="elsewhere", status=status, reason="", now=now)
    assert (await waiting).status is RunStatus.SUCCESS


async def test_nobody_waits_for_a_run_that_a_stop_has_put_off(stage: Stage) -> None:
    stage.write()
    scheduler = stage.scheduler()
    runs, now = scheduler.executor.runs, stage.clock.now()
    run = await runs.open(RunRequest("nightly", Trigger.MANUAL, "asked", now), now=now)
    assert run is not None
    await scheduler.drain(0)
    assert (await scheduler.wait(run.id)).status is RunStatus.QUEUED
