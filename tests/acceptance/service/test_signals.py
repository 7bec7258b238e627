"""Runs when somebody stops a process: they end, or are interrupted and taken up."""

from __future__ import annotations

import signal
from collections import Counter

from tests.acceptance.service.conftest import CHANNELS, ONLINE, Place, ended, serve, topics, until
from tests.fakes.model_server import ModelServer

CONCURRENCY = 8


def done_targets(place: Place) -> int:
    return int(place.rows("SELECT count(*) FROM run_target WHERE status = 'success'")[0][0])


def statuses(place: Place) -> list[str]:
    return [row[0] for row in place.rows("SELECT status FROM layer_run WHERE layer = 'nightly'")]


def assert_everything_was_done_once(place: Place) -> None:
    """One run, each target done once, each with one insight; only what was cut was asked again."""
    query = "SELECT status, targets_done, insights_created FROM layer_run WHERE layer = 'nightly'"
    assert place.rows(query) == [("success", len(CHANNELS), len(CHANNELS))]
    query = "SELECT topic_key FROM insight WHERE layer = 'nightly'"
    insights = Counter(row[0] for row in place.rows(query))
    assert set(insights.values()) == {1}
    assert len(insights) == len(CHANNELS)
    query = "SELECT target_id FROM model_call WHERE layer = 'nightly' AND outcome = 'ok'"
    calls = Counter(row[0] for row in place.rows(query))
    assert len(calls) == len(CHANNELS)
    assert calls.total() - len(CHANNELS) <= CONCURRENCY


async def test_a_stop_lets_the_running_layer_end(place: Place, model: ModelServer) -> None:
    place.configure(ONLINE.format(url=model.base_url("openai")))
    service = await serve(place)
    await place.run("reflect", "trigger", "nightly", "--no-wait", *topics(len(CHANNELS)))
    await until(lambda: done_targets(place) >= 1, "a target is done")
    done = await service.stop()
    assert done.code == 0, done.err
    assert_everything_was_done_once(place)


async def test_a_second_signal_does_not_wait_and_the_next_start_goes_on(
    place: Place, model: ModelServer
) -> None:
    place.configure(ONLINE.format(url=model.base_url("openai")))
    service = await serve(place)
    await place.run("reflect", "trigger", "nightly", "--no-wait", *topics(len(CHANNELS)))
    await until(lambda: done_targets(place) >= 1, "a target is done")
    service.process.send_signal(signal.SIGTERM)
    await until(lambda: not place.runtime_file.exists(), "it stops")
    assert (await service.stop()).code == 0
    assert statuses(place) == ["interrupted"]
    assert done_targets(place) < len(CHANNELS)

    second = await serve(place)
    await until(lambda: statuses(place) == ["success"], "the run ends")
    await second.stop()
    assert_everything_was_done_once(place)


async def test_ctrl_c_interrupts_a_run_without_a_service_and_the_next_service_goes_on(
    place: Place, model: ModelServer
) -> None:
    place.configure(ONLINE.format(url=model.base_url("openai")))
    command = await place.start("reflect", "trigger", "nightly", *topics(len(CHANNELS)))
    await until(lambda: done_targets(place) >= 1, "a target is done")
    command.send_signal(signal.SIGINT)
    cut = await ended(command)
    assert (cut.code, cut.out) == (130, "")
    assert statuses(place) == ["interrupted"]
    service = await serve(place)
    await until(lambda: statuses(place) == ["success"], "the run ends")
    await service.stop()
    assert_everything_was_done_once(place)


async def test_of_two_processes_that_trigger_one_layer_each_runs_in_its_turn(
    place: Place, model: ModelServer
) -> None:
    place.configure(ONLINE.format(url=model.base_url("openai")))
    commands = [
        await place.start("reflect", "trigger", "nightly", *topics(10), "--json") for _ in range(2)
    ]
    runs = [(await ended(one)).json for one in commands]
    first, second = sorted(runs, key=lambda run: str(run["started_at"]))
    assert (first["status"], second["status"]) == ("success", "dry")
    assert first["finished_at"] <= second["started_at"]
