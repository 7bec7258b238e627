"""A run of 200 targets whose service is killed with -9 midway: the next service finishes it, and pays nothing twice."""

from __future__ import annotations

import re
import signal
from collections import Counter

import pytest
from tests.acceptance.conftest import GOOD, Home, MakeHome, until
from tests.fakes.model_server import ModelServer, Reply

from zos.db.tables import insight, model_call, run_target

TARGETS = 200
CONCURRENCY = 8
BEFORE_THE_KILL = 60


@pytest.fixture
def slow(server: ModelServer) -> ModelServer:
    """A model that answers after 50 ms."""
    server.default = Reply(GOOD.data, delay_seconds=0.05)
    return server


@pytest.fixture(params=["sqlite", "postgres"])
def database_section(request: pytest.FixtureRequest) -> dict[str, str]:
    """The configuration's section on each database in turn."""
    return {"url": request.getfixturevalue("postgres_url")} if request.param == "postgres" else {}


async def test_each_target_is_done_once_and_each_call_of_a_finished_one_is_paid_once(
    make_home: MakeHome, database_section: dict[str, str], slow: ModelServer
) -> None:
    home = await make_home(database=database_section)
    await home.populate(TARGETS)
    home.write_layer(schedule=None, max_targets=TARGETS)
    service = await home.serve()
    run_id = await home.trigger(topics=home.topics)
    await until(lambda: len(slow.requests) >= BEFORE_THE_KILL)
    await service.kill()

    (cut,) = await home.runs()
    assert cut.status == "running"
    before = {row.id: row for row in await home.rows(run_target)}
    done = {key for key, row in before.items() if row.status == "success"}
    assert BEFORE_THE_KILL - 2 * CONCURRENCY < len(done) < TARGETS

    second = await home.serve()
    (run,) = await home.until_ended()
    assert (run.id, run.status, run.targets_done) == (run_id, "success", TARGETS)
    assert second.log("run_recovered")[0]["run"] == run_id

    targets = await home.rows(run_target)
    assert Counter(row.topic_key for row in targets) == Counter(home.topics)
    assert {row.status for row in targets} == {"success"}
    assert all(row == before[row.id] for row in targets if row.id in done)

    insights = Counter(row.topic_key for row in await home.rows(insight))
    assert insights == Counter(home.topics)
    assert run.insights_created == TARGETS

    calls = await home.rows(model_call)
    paid = Counter(row.target_id for row in calls)
    assert set(paid) == set(before)
    assert {row.outcome for row in calls} <= {"ok", "lost", "reserved"}
    assert all(paid[one] == 1 for one in done)
    # What was under way at the kill was asked again, and its first call is on the books too.
    assert len(calls) - TARGETS <= CONCURRENCY
    asked = Counter(re.findall(r"#kiln-(\d+)", one.text)[0] for one in slow.requests)
    assert all(asked[before[one].topic_key.rpartition(":")[2]] == 1 for one in done)
    assert sum(asked.values()) <= len(calls)
    assert await second.stop() == 0


async def test_what_a_second_kill_leaves_is_finished_too(home: Home, server: ModelServer) -> None:
    server.default = Reply(GOOD.data, delay_seconds=0.4)
    home.settings(reflect={"target_concurrency": 2})
    first = await home.serve()
    await home.trigger(topics=home.topics)
    await until(lambda: len(server.requests) >= 5)
    await first.kill()
    second = await home.serve()
    await second.until_logged("run_recovered")
    seen = len(server.requests)
    await until(lambda: len(server.requests) >= seen + 3)
    await second.kill()
    third = await home.serve()
    (run,) = await home.until_ended()
    assert (run.status, run.targets_done, run.insights_created) == ("success", 12, 12)
    assert {row.topic_key for row in await home.rows(insight)} == set(home.topics)
    third.send(signal.SIGTERM)
    assert await third.ended() == 0
