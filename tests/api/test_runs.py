"""Routes of runs."""

from __future__ import annotations

from tests.api.conftest import Api

from zos.reflect.states import RunStatus


async def test_runs_come_in_pages(api: Api) -> None:
    opened = [(await api.open()).id for _ in range(3)]
    first = await api.get("/runs", limit=2)
    second = await api.get("/runs", limit=2, before=first["next_cursor"])
    assert [run["id"] for run in first["items"] + second["items"]] == opened[::-1]


async def test_runs_can_be_narrowed_by_layer_and_states(api: Api) -> None:
    queued = await api.open()
    missed = await api.open(status=RunStatus.MISSED)
    await api.open("other", status=RunStatus.SKIPPED)
    found = await api.get("/runs", layer="nightly", status=["missed", "queued"])
    assert [run["id"] for run in found["items"]] == [missed.id, queued.id]
    assert (await api.http.get("/runs", params={"status": "lost"})).status_code == 422


async def test_an_unknown_run_is_a_problem(api: Api) -> None:
    answer = await api.http.get("/runs/01NOPE")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no run 01NOPE."
    assert (await api.http.get(f"/runs/{'0' * 27}")).status_code == 422


async def test_a_run_is_shown_with_all_its_parts(api: Api) -> None:
    run = await api.open()
    detail = await api.get(f"/runs/{run.id}")
    assert detail["run"]["id"] == run.id
    assert {"targets", "targets_by_status", "calls", "calls_total", "selection", "insights"} < set(
        detail
    )
