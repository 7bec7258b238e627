"""A run: targets side by side, each on its own, each in one transaction, each paid once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.fakes.model_server import Reply
from tests.postgres import somebody_waits
from tests.reflect.conftest import DEAR, GOOD, Night, channel, until

from zos.core.errors import DatabaseError
from zos.core.topics import TopicKey
from zos.db import engine
from zos.db.tables import insight, insight_source, layer_run, model_call, run_target, salience_entry
from zos.reflect.executor import named_topics, selected_by_name
from zos.reflect.layer import Layer
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.runs.owner import this_process
from zos.reflect.self_concept.store import add_version
from zos.reflect.states import RunStatus, TargetStatus, Trigger
from zos.reflect.targets.store import CANCELLED, TargetStore
from zos.salience.selector import Selected

BROKEN = Reply(status=400, echo="no")


async def open_run(night: Night, layer: str = "nightly") -> LayerRun:
    executor = night.make_executor()
    now = night.clock.now()
    run = await executor.runs.open(RunRequest(layer, Trigger.MANUAL, "asked", now), now=now)
    assert run is not None
    return run


async def read_nothing(_connection: AsyncConnection) -> bool:
    return True


async def test_each_target_leaves_one_insight_with_sources_and_spends_its_salience(
    night: Night,
) -> None:
    topics = await night.talk(3)
    run = await night.make_executor().execute_layer(night.layer, topics)
    assert (run.status.value, run.insights_created, run.targets_done) == ("success", 3, 3)
    assert await night.count(insight) == 3
    assert await night.count(insight_source) == 6
    assert (run.tokens_in, run.tokens_out) == (300, 60)
    assert await night.ledger.audit() == []
    for topic in map(channel, range(3)):
        view = await night.ledger.topic(topic)
        assert view is not None
        assert (view.new_material, view.insight_count) == (0, 1)
        assert view.last_reflected_at == run.clock_at
        kinds = [entry.kind.value for entry in await night.ledger.entries(topic)]
        assert kinds.count("spent") == kinds.count("retained") == 1


async def test_a_topic_that_is_named_twice_is_reflected_on_once(night: Night) -> None:
    (topic,) = await night.talk(1)
    run = await night.make_executor().execute_layer(night.layer, [topic, topic])
    assert (run.status.value, run.targets_total, run.insights_created) == ("success", 1, 1)


async def test_a_failing_target_stops_no_other_and_costs_its_topic_nothing(night: Night) -> None:
    topics = await night.talk(4)
    before = await night.ledger.topic(channel(2))
    night.answer(lambda text: BROKEN if "room-2." in text else GOOD)
    run = await night.make_executor().execute_layer(night.layer, topics)
    assert (run.status, run.insights_created) == (RunStatus.PARTIAL, 3)
    assert run.reason.startswith("1 of 4 targets failed, the first because: ")
    assert await night.ledger.topic(channel(2)) == before


async def test_a_run_whose_targets_all_fail_has_failed(night: Night) -> None:
    topics = await night.talk(2)
    night.server.default = BROKEN
    run = await night.make_executor().execute_layer(night.layer, topics)
    assert (run.status, run.insights_created) == (RunStatus.FAILED, 0)
    assert {row.kind for row in await night.rows(salience_entry)} == {"message"}


async def test_nothing_to_say_is_dry_and_its_material_counts_as_seen(night: Night) -> None:
    topics = await night.talk(1)
    night.server.default = Reply({"statements": []})
    run = await night.make_executor().execute_layer(night.layer, topics)
    view = await night.ledger.topic(channel(0))
    assert (run.status, run.reason) == (RunStatus.DRY, "the model had nothing to say")
    assert view is not None
    assert (view.new_material, view.balance_micro) == (0, 3_000_000)


async def test_a_passing_error_is_tried_again(night: Night) -> None:
    topics = await night.talk(1)
    night.server.tell(Reply(status=503), Reply(status=503))
    run = await night.make_executor(target_attempts=3).execute_layer(night.layer, topics)
    assert run.status is RunStatus.SUCCESS
    (target,) = await night.rows(run_target)
    assert target.attempts == 3


async def test_a_target_that_could_not_be_begun_is_tried_again_and_disturbs_no_other(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    topics = await night.talk(4)
    begun: list[str] = []
    start = TargetStore.start

    async def failing_once(*given: Any, **how: Any) -> object:
        begun.append(given[1])
        if len(begun) == 2:
            raise DatabaseError("canceling statement due to lock timeout")
        return await start(*given, **how)

    monkeypatch.setattr(TargetStore, "start", failing_once)
    run = await night.make_executor().execute_layer(night.layer, topics)
    assert (run.status, run.targets_done) == (RunStatus.SUCCESS, 4)
    assert sorted(map(begun.count, set(begun))) == [1, 1, 1, 2]
    assert len(night.server.requests) == 4


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """How many seconds the store, opened after this, waits for a lock."""
    monkeypatch.setattr(engine, "LOCK_TIMEOUT_SECONDS", 0.05)
    return 0.05


@pytest.mark.parametrize("config", ["postgres"], indirect=True)  # SQLite's wait is a setting
@pytest.mark.parametrize("table", ["model_call", "insight"])
async def test_what_was_paid_for_waits_until_its_table_is_written_anew(
    impatient: float, night: Night, table: str
) -> None:
    topics = await night.talk(1)
    async with night.database.write() as purging:
        await purging.execute(text(f"LOCK TABLE {table} IN SHARE MODE"))
        running = asyncio.create_task(night.make_executor().execute_layer(night.layer, topics))
        await somebody_waits(night.database, longer_than_seconds=2 * impatient)
    assert (await running).status is RunStatus.SUCCESS
    assert len(night.server.requests) == 1


async def test_each_wait_before_another_try_is_twice_the_last(night: Night) -> None:
    topics = await night.talk(1)
    night.server.default = Reply(status=503)
    began = night.clock.now()
    executor = night.make_executor(target_attempts=4, retry_backoff_seconds=10)
    await executor.execute_layer(night.layer, topics)
    assert night.clock.now() - began == timedelta(seconds=10 + 20 + 40)


async def test_an_error_that_stays_is_given_up_after_the_last_attempt(night: Night) -> None:
    topics = await night.talk(1)
    night.server.default = Reply(status=503)
    run = await night.make_executor(target_attempts=2).execute_layer(night.layer, topics)
    assert run.status is RunStatus.FAILED
    assert len(night.server.requests) == 2


async def test_a_hanging_model_ends_at_the_targets_time_limit(night: Night) -> None:
    topics = await night.talk(2)
    night.answer(lambda text: Reply(hang=True) if "room-0." in text else GOOD)
    executor = night.make_executor(target_attempts=1, target_timeout_seconds=3)
    run = await executor.execute_layer(night.layer, topics)
    assert (run.status, run.insights_created) == (RunStatus.PARTIAL, 1)
    assert "The target took longer than 3 s." in run.reason


@pytest.mark.parametrize(
    ("of_the_layer", "of_all"), [(0.5, 60.0), (None, 0.5)], ids=["its own", "the default"]
)
async def test_a_run_ends_at_its_time_limit_and_says_what_it_left(
    night: Night, of_the_layer: float | None, of_all: float
) -> None:
    topics = await night.talk(2)
    night.server.default = Reply(hang=True)
    layer = night.layer.model_copy(update={"timeout": of_the_layer})
    run = await night.make_executor(run_timeout_seconds=of_all).execute_layer(layer, topics)
    assert run.status is RunStatus.FAILED
    assert run.reason == "2 of 2 targets not finished: the run took longer than 0.5 s"


async def test_a_reached_budget_stops_the_run_and_keeps_what_it_has(night: Night) -> None:
    topics = await night.talk(4)
    layer = night.layer.model_copy(update={"max_cost_usd": 0.3})
    night.server.default = replace(GOOD, tokens_in=1_000)
    executor = night.make_executor(DEAR, target_concurrency=1)
    run = await executor.execute_layer(layer, topics)
    assert run.status is RunStatus.PARTIAL
    assert "budget" in run.reason
    assert 0 < run.insights_created < 4
    assert run.cost_usd <= 0.3
    states = [row.status for row in await night.rows(run_target)]
    assert states.count("skipped") == 4 - run.insights_created


async def test_targets_run_side_by_side_up_to_the_bound(night: Night) -> None:
    topics = await night.talk(6)
    night.server.default = Reply(hang=True)
    task = asyncio.create_task(
        night.make_executor(target_concurrency=4).execute_layer(night.layer, topics)
    )

    async def four_asked() -> bool:
        return len(night.server.requests) == 4

    await until(four_asked)
    states = [row.status for row in await night.rows(run_target)]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (states.count("running"), states.count("queued")) == (4, 2)


async def test_a_cancelled_run_is_interrupted_and_taken_up_where_it_stopped(night: Night) -> None:
    topics = await night.talk(3)
    night.answer(lambda text: Reply(hang=True) if "room-2." in text else GOOD)
    task = asyncio.create_task(night.make_executor().execute_layer(night.layer, topics))

    async def two_stored() -> bool:
        return await night.count(insight) == 2

    await until(two_stored)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (row,) = await night.rows(layer_run)
    assert row.status == "interrupted"
    night.server.default = GOOD
    executor = night.make_executor()
    finished = await executor.run(await executor.runs.get(row.id), night.layer, named_topics([]))
    assert finished is not None
    assert (finished.status, finished.insights_created) == (RunStatus.SUCCESS, 3)
    asked = [call.outcome for call in await night.rows(model_call)]
    assert asked.count("ok") == 3


async def test_a_dead_processes_run_is_finished_without_repeating_a_paid_call(night: Night) -> None:
    topics = await night.talk(3)
    executor = night.make_executor()
    first = await executor.execute_layer(night.layer, topics[:1])
    run = await open_run(night)
    await executor.runs.claim(run.id, owner="dead", now=night.clock.now())
    seen = await executor.runs.get(run.id)
    plan = named_topics([channel(1), channel(2)])
    results = await asyncio.gather(
        *(night.make_executor().take_over(seen, night.layer, plan) for _ in range(3))
    )
    (finished,) = [one for one in results if one is not None]
    assert (finished.status, finished.insights_created) == (RunStatus.SUCCESS, 2)
    assert first.insights_created == 1
    assert len(night.server.requests) == 3


async def test_what_a_process_does_after_losing_its_run_is_not_stored(night: Night) -> None:
    topics = await night.talk(1)
    executor = night.make_executor(heartbeat_seconds=0.05)
    night.server.default = Reply(hang=True)
    task = asyncio.create_task(executor.execute_layer(night.layer, topics))
    await night.server.asked.wait()
    (row,) = await night.rows(layer_run)
    seen = await executor.runs.get(row.id)
    while not await executor.runs.take_over(seen, owner="another", now=night.clock.now()):
        seen = await executor.runs.get(row.id)
    lost = await task
    assert lost.status is RunStatus.RUNNING
    assert await night.count(insight) == 0


async def test_a_run_that_is_called_off_while_it_is_planned_asks_nothing(night: Night) -> None:
    topics = await night.talk(2)
    executor = night.make_executor()
    run = await open_run(night)

    async def plan(run: LayerRun, layer: Layer) -> Selected:
        assert await executor.runs.cancel(run.id, reason="enough", now=night.clock.now())
        return selected_by_name([TopicKey.parse(one) for one in topics], layer)

    assert await executor.run(run, night.layer, plan) is None
    ended = await executor.runs.get(run.id)
    assert (ended.status, ended.reason, ended.targets_total) == (RunStatus.CANCELLED, "enough", 0)
    assert await night.rows(run_target) == []
    assert night.server.requests == []


async def test_a_run_that_is_called_off_between_two_targets_begins_no_more(night: Night) -> None:
    topics = await night.talk(2)
    executor = night.make_executor()
    run = await open_run(night)
    now = night.clock.now()
    keys = [TopicKey.parse(one) for one in topics]
    await executor.targets.plan(run.id, selected_by_name(keys, night.layer), now=now)
    (first, _) = await executor.targets.of_run(run.id)
    assert not await executor.targets.start(
        first.id, now=now, then=read_nothing
    )  # nobody has claimed the run
    assert await executor.runs.claim(run.id, owner=this_process(), now=now)
    claimed = await executor.runs.get(run.id)
    assert await executor.runs.cancel(run.id, reason="enough", now=now)
    assert await executor.carry_out(claimed, night.layer, named_topics([])) is None
    assert {row.reason for row in await night.rows(run_target)} == {CANCELLED}
    assert night.server.requests == []


async def test_a_layer_that_runs_already_is_not_run_again(night: Night) -> None:
    topics = await night.talk(1)
    other = await open_run(night)
    executor = night.make_executor()
    await executor.runs.claim(other.id, owner="another", now=night.clock.now())
    run = await executor.execute_layer(night.layer, topics)
    assert (run.status, run.reason) == (RunStatus.SKIPPED, "nightly is running already")


async def test_a_target_that_kills_its_process_every_time_is_given_up(night: Night) -> None:
    await night.talk(1)
    executor = night.make_executor(target_attempts=2)
    run = await open_run(night)
    await executor.runs.claim(run.id, owner="dead", now=night.clock.now())
    await executor.targets.plan(
        run.id, await named_topics([channel(0)])(run, night.layer), now=night.clock.now()
    )
    (target,) = await executor.targets.of_run(run.id)
    for _ in range(2):
        assert await executor.targets.start(target.id, now=night.clock.now(), then=read_nothing)
    seen = await executor.runs.get(run.id)
    finished = await executor.take_over(seen, night.layer, named_topics([]))
    assert finished is not None
    assert finished.status is RunStatus.FAILED
    assert "begun 2 times and never ended" in finished.reason
    assert night.server.requests == []


async def test_nothing_selected_is_a_skipped_run(night: Night) -> None:
    run = await night.make_executor().execute_layer(night.layer, [])
    assert (run.status, run.reason) == (RunStatus.SKIPPED, "nothing selected")


async def test_a_preview_renders_and_estimates_and_touches_nothing(night: Night) -> None:
    topics = await night.talk(2)
    async with night.database.write() as connection:
        await add_version(connection, "I am a gardener.", at=night.clock.now())
    executor = night.make_executor(DEAR)
    run = await open_run(night)
    selected = await named_topics([channel(0), channel(1)])(run, night.layer)
    seen = await executor.preview(night.layer, selected, now=night.clock.now())
    assert [str(one.topic) for one in seen.targets] == topics
    first = seen.targets[0]
    assert "beans 1 grow in room-0." in first.prompts[0].text
    assert "I am a gardener." in first.prompts[0].system
    assert first.tokens > 200
    assert first.cost_usd is not None
    assert first.cost_usd > 0.02
    assert night.server.requests == []
    assert await night.count(model_call) == await night.count(insight) == 0


async def test_a_target_takes_few_statements_and_transactions(night: Night) -> None:
    topics = await night.talk(4)
    executor = night.make_executor()
    counts = []
    for some in (topics[:1], topics[1:]):
        with counted() as count:
            await executor.execute_layer(night.layer, some)
        counts.append(count)
    more = {what: (counts[1][what] - counts[0][what]) / 2 for what in ("statement", "begin")}
    assert more["begin"] <= 6
    assert more["statement"] <= 27 + (0 if night.database.is_sqlite else 3)  # locks


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the statements and transactions of the block, on whatever engine."""
    count: Counter[str] = Counter()

    def executed(*_given: object) -> None:
        count["statement"] += 1

    def begun(_connection: object) -> None:
        count["begin"] += 1

    event.listen(Engine, "before_cursor_execute", executed)
    event.listen(Engine, "begin", begun)
    yield count
    event.remove(Engine, "before_cursor_execute", executed)
    event.remove(Engine, "begin", begun)


async def test_no_message_later_than_the_runs_own_time_is_shown(night: Night) -> None:
    topics = await night.talk(1)
    night.clock.move_to(night.clock.now() - timedelta(hours=1) + timedelta(seconds=1))
    await night.make_executor().execute_layer(night.layer, topics)
    assert "beans 1" in night.server.requests[0].text
    assert "beans 2" not in night.server.requests[0].text


async def test_finished_targets_are_final(night: Night) -> None:
    topics = await night.talk(1)
    executor = night.make_executor()
    run = await executor.execute_layer(night.layer, topics)
    (target,) = await executor.targets.of_run(run.id)
    assert target.status is TargetStatus.SUCCESS
    assert not await executor.targets.start(target.id, now=night.clock.now(), then=read_nothing)
