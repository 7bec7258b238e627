"""Runs when somebody stops a process: they end, or are interrupted and taken up."""

from __future__ import annotations

import signal
from collections import Counter

import pytest
from tests.acceptance.conftest import GOOD, Home, until
from tests.fakes.model_server import ModelServer, Reply

from zos.db.tables import insight, model_call, run_target

CONCURRENCY = 8
TARGETS = 20


@pytest.fixture(autouse=True)
def slow(server: ModelServer) -> None:
    """A model that answers after a while."""
    server.default = Reply(GOOD.data, delay_seconds=0.2)


async def done_targets(home: Home) -> int:
    return sum(row.status == "success" for row in await home.rows(run_target))


async def until_one_is_done(home: Home) -> None:
    async def one_is_done() -> bool:
        return await done_targets(home) >= 1

    await until(one_is_done)


async def statuses(home: Home) -> list[str]:
    return [run.status.value for run in await home.runs()]


async def assert_everything_was_done_once(home: Home) -> None:
    """One run, each target done once, each with one insight; only what was cut was asked again."""
    (run,) = await home.runs()
    assert (run.status, run.targets_done, run.insights_created) == ("success", TARGETS, TARGETS)
    insights = Counter(row.topic_key for row in await home.rows(insight))
    assert insights == Counter(home.topics[:TARGETS])
    calls = Counter(row.target_id for row in await home.rows(model_call) if row.outcome == "ok")
    assert len(calls) == TARGETS
    assert calls.total() - TARGETS <= CONCURRENCY


async def test_a_stop_lets_the_running_layer_end(home: Home) -> None:
    service = await home.serve()
    await home.trigger(topics=home.topics[:TARGETS])
    await until_one_is_done(home)
    done = await service.stop()
    assert done.code == 0, done.err
    await assert_everything_was_done_once(home)


async def test_a_second_signal_does_not_wait_and_the_next_start_goes_on(home: Home) -> None:
    service = await home.serve()
    await home.trigger(topics=home.topics[:TARGETS])
    await until_one_is_done(home)
    service.send(signal.SIGTERM)
    await until(lambda: not home.runtime_file.exists())
    assert (await service.stop()).code == 0
    assert await statuses(home) == ["interrupted"]
    assert await done_targets(home) < TARGETS

    await home.serve()
    await home.until_ended()
    await assert_everything_was_done_once(home)


async def test_ctrl_c_interrupts_a_run_without_a_service_and_the_next_service_goes_on(
    home: Home,
) -> None:
    named = [part for one in home.topics[:TARGETS] for part in ("--topic", one)]
    command = home.launch("reflect", "trigger", "nightly", *named)
    await until_one_is_done(home)
    cut = await command.stop(signal.SIGINT)
    assert (cut.code, cut.out) == (130, "")
    assert await statuses(home) == ["interrupted"]
    await home.serve()
    await home.until_ended()
    await assert_everything_was_done_once(home)


async def test_of_two_processes_that_trigger_one_layer_each_runs_in_its_turn(home: Home) -> None:
    named = [part for one in home.topics[:10] for part in ("--topic", one)]
    commands = [home.launch("reflect", "trigger", "nightly", *named, "--json") for _ in range(2)]
    runs = [(await one.ended()).json for one in commands]
    first, second = sorted(runs, key=lambda run: str(run["started_at"]))
    assert (first["status"], second["status"]) == ("success", "dry")
    assert first["finished_at"] <= second["started_at"]
