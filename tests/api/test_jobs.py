"""Routes of jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.api.conftest import Api
from tests.conftest import EPOCH

from zos.reflect.states import RunStatus


async def test_all_jobs_are_listed_with_their_promises(api: Api) -> None:
    answer = await api.get("/jobs")
    jobs = {job["layer"]: job for job in answer["jobs"]}
    assert "nightly-channel-reflection" in jobs
    job = jobs["nightly"]
    assert (job["job_id"], job["name"]) == ("layer:nightly", "Reflection: nightly")
    assert (job["schedule"], job["schedule_in_words"]) == ("0 3 * * *", "At 03:00 every day")
    assert len(job["next_fires"]) == 10
    assert job["next_fires"][0] == {"utc": "2026-03-03T03:00:00Z", "local": "2026-03-03T03:00:00Z"}
    assert answer["problems"] == answer["parked"] == []


async def test_one_job_is_shown(api: Api) -> None:
    await api.open(status=RunStatus.MISSED, reason="down", slot=EPOCH)
    job = await api.get("/jobs/nightly")
    assert job["last"]["status"] == "missed"
    assert job["outcomes"] == [{"status": "missed", "reason": "down", "slots": 1}]


async def test_an_unknown_layer_is_a_problem_with_the_next_step(api: Api) -> None:
    for method, path in (("GET", ""), ("GET", "/slots"), ("POST", "/trigger"), ("POST", "/pause")):
        answer = await api.http.request(method, f"/jobs/nightyl{path}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["hint"] == "Did you mean 'nightly'?"


async def test_slots_come_in_pages(api: Api) -> None:
    for day in range(3):
        slot = EPOCH + timedelta(days=day)
        await api.open(status=RunStatus.MISSED, reason="down", slot=slot)
    first = await api.get("/jobs/nightly/slots", limit=2)
    assert [one["slot"] for one in first["items"]] == [
        "2026-03-04T12:00:00Z",
        "2026-03-03T12:00:00Z",
    ]
    second = await api.get("/jobs/nightly/slots", limit=2, before=first["next_cursor"])
    assert [one["run"]["reason"] for one in second["items"]] == ["down"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 201}, {"before": "yesterday"}, {"before": "2026-03-02T12:00"}]
)
async def test_a_query_out_of_bounds_is_refused(api: Api, query: dict[str, str]) -> None:
    answer = await api.http.get("/jobs/nightly/slots", params=query)
    assert answer.status_code == 422
    assert next(iter(query)) in answer.json()["detail"]


async def test_a_trigger_returns_the_run_at_once_and_says_where_it_is(api: Api) -> None:
    answer = await api.http.post("/jobs/nightly/trigger", json={"by": "ann"})
    assert answer.status_code == 202
    run = answer.json()
    assert (run["trigger"], run["reason"]) == ("manual", "asked for by ann")
    assert answer.headers["location"] == f"/api/v1/runs/{run['id']}"
    ended = await api.services.scheduler.wait(run["id"])
    assert (ended.status, ended.reason) == (RunStatus.SKIPPED, "nothing selected")


async def test_a_repeated_trigger_of_one_key_is_one_run(api: Api) -> None:
    first = await api.post("/jobs/nightly/trigger", **{"Idempotency-Key": "k"})
    again = await api.post("/jobs/nightly/trigger", **{"Idempotency-Key": "k"})
    other = await api.post("/jobs/nightly/trigger", **{"Idempotency-Key": "l"})
    assert first["id"] == again["id"] != other["id"]


async def test_a_trigger_may_name_its_topics(api: Api) -> None:
    body = {"topics": ["server:1:channel:2"]}
    run = await api.post("/jobs/nightly/trigger", body)
    await api.services.scheduler.wait(run["id"])
    detail = await api.get(f"/runs/{run['id']}")
    assert [target["topic"] for target in detail["targets"]] == ["server:1:channel:2"]


async def test_a_topic_that_is_no_key_is_refused_before_anything_is_opened(api: Api) -> None:
    answer = await api.http.post("/jobs/nightly/trigger", json={"topics": ["channel:2"]})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:zos:problem:topic-key"
    assert (await api.get("/runs"))["items"] == []


@pytest.mark.parametrize(
    "body",
    [{"unknown": 1}, {"by": ""}, {"by": "x" * 101}, {"topics": "x"}, {"topics": ["x" * 201]}],
)
async def test_a_request_with_mistakes_is_refused(api: Api, body: dict[str, object]) -> None:
    answer = await api.http.post("/jobs/nightly/trigger", json=body)
    assert answer.status_code == 422
    assert f"body.{next(iter(body))}" in answer.json()["detail"]


async def test_a_disabled_layer_cannot_be_triggered(started_api: Api) -> None:
    started_api.write_layer("quiet", "schedule: 0 3 * * *\nenabled: false")
    await started_api.post("/reload")
    answer = await started_api.http.post("/jobs/quiet/trigger", json={})
    assert answer.status_code == 422
    assert "is disabled" in answer.json()["detail"]


async def test_a_pause_tells_who_why_and_until_when_and_a_resume_ends_it(api: Api) -> None:
    body = {"by": "ann", "note": "moving", "until": "2026-03-09T12:00:00+01:00"}
    job = await api.post("/jobs/nightly/pause", body)
    assert job["paused"] == {
        "since": "2026-03-02T12:00:00Z",
        "until": "2026-03-09T11:00:00Z",
        "by": "ann",
        "note": "moving",
    }
    assert (await api.get("/jobs/nightly"))["paused"] == job["paused"]
    assert (await api.post("/jobs/nightly/resume", {"by": "ann"}))["paused"] is None


async def test_a_pause_until_a_time_without_its_zone_is_refused(api: Api) -> None:
    body = {"until": "2026-03-09T12:00:00"}
    answer = await api.http.post("/jobs/nightly/pause", json=body)
    assert answer.status_code == 422


@pytest.mark.parametrize("action", ["trigger", "pause", "resume", "preview"])
async def test_a_request_needs_no_body(api: Api, action: str) -> None:
    assert (await api.http.post(f"/jobs/nightly/{action}")).is_success


async def test_a_preview_writes_nothing(api: Api) -> None:
    body = {"topics": ["server:1:channel:2"]}
    preview = await api.post("/jobs/nightly/preview", body)
    assert [target["topic"] for target in preview["targets"]] == body["topics"]
    assert preview["selection"][0]["reason"] == "asked for"
    assert (await api.get("/runs"))["items"] == []


async def test_a_preview_without_topics_selects_as_a_run_would(api: Api) -> None:
    preview = await api.post("/jobs/nightly/preview")
    assert (preview["layer"], preview["targets"]) == ("nightly", [])


async def test_a_reload_reads_the_files_again_and_tells_what_is_broken(started_api: Api) -> None:
    api = started_api
    api.write_layer("later")
    (api.layers / "nightly.yaml").write_text("name: [")
    answer = await api.post("/reload")
    assert {"later", "nightly"} <= {job["layer"] for job in answer["jobs"]}
    (problem,) = answer["problems"]
    assert "nightly.yaml" in problem
    assert "last good version" in problem
