"""Metrics: what the scheduler did since the process started, counted once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.api.conftest import Api
from tests.conftest import EPOCH

from zos.core.clock import SimulatedClock
from zos.db.tables import layer_run
from zos.reflect.states import RunStatus, Trigger

LATENESS = "zos_fire_lateness_seconds"
WAIT = "zos_run_wait_seconds"


async def read(api: Api) -> dict[str, float]:
    text = (await api.parts.metrics.render()).decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def change(api: Api, run_id: str, **columns: int) -> None:
    async with api.services.database.write() as connection:
        statement = update(layer_run).where(layer_run.c.id == run_id)
        await connection.execute(statement.values(**columns))


async def carry_out(api: Api, status: RunStatus = RunStatus.SUCCESS, **columns: int) -> None:
    clock = api.services.clock
    assert isinstance(clock, SimulatedClock)
    clock.move_to(EPOCH + timedelta(seconds=0.2))
    run = await api.open(slot=EPOCH)
    clock.move_to(EPOCH + timedelta(seconds=0.9))
    runs = api.services.executor.runs
    assert await runs.claim(run.id, owner="me", now=clock.now())
    await change(api, run.id, targets_total=1, **columns)
    await runs.finish(run.id, owner="me", status=status, reason="", now=clock.now())


@pytest.fixture(autouse=True)
async def counted(api: Api) -> None:
    await api.open("before", status=RunStatus.MISSED)
    await api.parts.metrics.render()


async def test_what_was_before_is_not_counted(api: Api) -> None:
    assert not [name for name in await read(api) if name.startswith(("zos_fires", "zos_runs"))]


async def test_a_run_is_counted_once_with_all_that_it_used(api: Api) -> None:
    await carry_out(api, tokens_in=70, tokens_out=30, cost_microusd=1_500, insights_created=2)
    for _ in range(2):
        found = await read(api)
        assert found['zos_fires_total{layer="nightly",trigger="schedule"}'] == 1
        assert found['zos_runs_total{layer="nightly",outcome="success"}'] == 1
        assert found['zos_tokens_total{direction="in"}'] == 70
        assert found['zos_tokens_total{direction="out"}'] == 30
        assert found["zos_cost_usd_total"] == pytest.approx(0.0015)
        assert found["zos_insights_total"] == 2


async def test_lateness_is_from_the_slot_to_its_record_and_the_wait_from_there_to_the_start(
    api: Api,
) -> None:
    await carry_out(api)
    found = await read(api)
    assert found[f'{LATENESS}_bucket{{le="0.1",trigger="schedule"}}'] == 0
    assert found[f'{LATENESS}_bucket{{le="0.25",trigger="schedule"}}'] == 1
    assert found[f'{LATENESS}_sum{{trigger="schedule"}}'] == pytest.approx(0.2)
    assert found[f'{WAIT}_sum{{trigger="schedule"}}'] == pytest.approx(0.7)


async def test_a_run_that_is_looked_at_on_its_way_is_counted_once_and_in_full(api: Api) -> None:
    run = await api.open()
    runs, now = api.services.executor.runs, api.services.clock.now()
    assert (await read(api))['zos_open_runs{status="queued"}'] == 1
    await runs.claim(run.id, owner="me", now=now)
    for tokens in (40, 100):
        await change(api, run.id, tokens_in=tokens)
        assert (await read(api))['zos_tokens_total{direction="in"}'] == tokens
    assert (await read(api))['zos_open_runs{status="running"}'] == 1
    await runs.finish(run.id, owner="me", status=RunStatus.FAILED, reason="", now=now)
    found = await read(api)
    assert found['zos_fires_total{layer="nightly",trigger="schedule"}'] == 1
    assert found['zos_runs_total{layer="nightly",outcome="failed"}'] == 1
    assert found['zos_open_runs{status="running"}'] == 0


async def test_a_summary_counts_for_all_its_slots(api: Api) -> None:
    last = EPOCH + timedelta(days=6)
    await api.open(slot=EPOCH, slot_last=last, slot_count=7, status=RunStatus.MISSED)
    assert (await read(api))['zos_runs_total{layer="nightly",outcome="missed"}'] == 7


async def test_topics_are_counted_by_what_became_of_them(api: Api) -> None:
    run = await api.services.scheduler.request(
        "nightly", by="ann", topics=["server:1:channel:2", "server:1:channel:3"]
    )
    await api.services.scheduler.wait(run.id)
    assert (await read(api))['zos_targets_total{outcome="dry"}'] == 2


async def test_a_manual_run_has_no_slot_to_be_late_for(api: Api) -> None:
    run = await api.open(trigger=Trigger.MANUAL)
    await api.services.executor.runs.claim(run.id, owner="me", now=EPOCH)
    assert not [name for name in await read(api) if name.startswith(LATENESS) and "manual" in name]


async def test_the_answer_is_prometheus_text(api: Api) -> None:
    answer = await api.http.get(str(api.http.base_url).replace("/api/v1/", "/metrics"))
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "# TYPE zos_fire_lateness_seconds histogram" in answer.text
    assert 'zos_info{version="' in answer.text
