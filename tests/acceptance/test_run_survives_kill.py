"""A run of 200 targets whose services are killed with -9 midway, twice: the third finishes it, and pays nothing twice."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from tests.acceptance.conftest import GOOD, Home, MakeHome, until
from tests.fakes.model_server import ModelServer, Reply

from zos.db.tables import insight, model_call, run_target

TARGETS = {"sqlite": 200, "postgres": 40}
CONCURRENCY = 8


@pytest.fixture
def slow(server: ModelServer) -> ModelServer:
    """A model that answers after 50 ms."""
    server.default = Reply(GOOD.data, delay_seconds=0.05)
    return server


@pytest.fixture(params=TARGETS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each database in turn."""
    return str(request.param)


@pytest.fixture
def database_section(kind: str, request: pytest.FixtureRequest) -> dict[str, str]:
    """The configuration's section on that database."""
    return {"url": request.getfixturevalue("postgres_url")} if kind == "postgres" else {}


@pytest.fixture
async def home(make_home: MakeHome, database_section: dict[str, str], kind: str) -> Home:
    """An operator's folder with as many channels as the run will have targets."""
    home = await make_home(database=database_section)
    await home.populate(TARGETS[kind])
    home.write_layer(schedule=None, max_targets=200)
    return home


async def test_each_target_is_done_once_and_each_call_of_a_finished_one_is_paid_once(
    home: Home, slow: ModelServer
) -> None:
    targets_total = len(home.topics)
    service = await home.serve()
    run_id = await home.trigger(topics=home.topics)
    before: dict[str, Any] = {}
    done: set[str] = set()
    for asked in (3 * targets_total // 10, 6 * targets_total // 10):
        await until_asked(slow, asked)
        await service.kill()
        (cut,) = await home.runs()
        assert cut.status == "running"
        after = {row.id: row for row in await home.rows(run_target)}
        assert all(after[one] == before[one] for one in done)
        before, done = after, {key for key, row in after.items() if row.status == "success"}
        assert asked - 4 * CONCURRENCY < len(done) < targets_total
        service = await home.serve()
        await service.until_logged("run_recovered")
        assert [one["run"] for one in service.log("run_recovered")] == [run_id]
    (run,) = await home.until_ended()
    assert (run.id, run.status, run.targets_done) == (run_id, "success", targets_total)

    targets = await home.rows(run_target)
    assert Counter(row.topic_key for row in targets) == Counter(home.topics)
    assert {row.status for row in targets} == {"success"}
    assert all(row == before[row.id] for row in targets if row.id in done)

    insights = Counter(row.topic_key for row in await home.rows(insight))
    assert insights == Counter(home.topics)
    assert run.insights_created == targets_total

    calls = await home.rows(model_call)
    paid = Counter(row.target_id for row in calls)
    assert set(paid) == set(before)
    assert {row.outcome for row in calls} <= {"ok", "lost", "reserved"}
    assert all(row.outcome == "ok" for row in calls if paid[row.target_id] == 1)
    # What was under way at a kill was asked again, and its first call is on the books too.
    assert len(calls) - targets_total <= 2 * CONCURRENCY
    asked_of = Counter(re.findall(r"#kiln-(\d+)", one.text)[0] for one in slow.requests)
    once = [before[one].topic_key.rpartition(":")[2] for one in done if paid[one] == 1]
    assert len(once) >= len(done) - CONCURRENCY
    assert all(asked_of[one] == 1 for one in once)
    assert sum(asked_of.values()) <= len(calls)
    assert (await service.stop()).code == 0


async def until_asked(server: ModelServer, times: int) -> None:
    await until(lambda: len(server.requests) >= times)
