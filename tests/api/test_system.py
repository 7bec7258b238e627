"""Alive, ready, measured; and what is no route."""

from __future__ import annotations

import httpx
import pytest
from tests.api.conftest import Api


def root(api: Api) -> str:
    return str(api.http.base_url).removesuffix("/api/v1/")


async def test_the_sign_of_life_says_nothing_else(api: Api) -> None:
    async with httpx.AsyncClient() as stranger:
        answer = await stranger.get(f"{root(api)}/healthz")
    assert answer.json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/readyz", "/metrics", "/api/v1/openapi.json", "/api/v1/jobs"])
async def test_everything_else_wants_the_token(api: Api, path: str) -> None:
    async with httpx.AsyncClient() as stranger:
        assert (await stranger.get(f"{root(api)}{path}")).status_code == 401
    expected = 503 if path == "/readyz" else 200
    assert (await api.http.get(f"{root(api)}{path}")).status_code == expected


async def test_a_service_whose_scheduler_is_not_started_is_not_ready(api: Api) -> None:
    answer = await api.http.get(f"{root(api)}/readyz")
    assert answer.status_code == 503
    assert answer.json()["obstacles"] == ["The scheduler does not run: no layer will fire."]


async def test_a_service_that_fires_layers_is_ready(started_api: Api) -> None:
    answer = await started_api.http.get(f"{root(started_api)}/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)


async def test_what_deserves_a_look_does_not_stop_the_service(started_api: Api) -> None:
    api = started_api
    await api.post("/jobs/nightly/pause", {"by": "ann", "note": "moving"})
    (api.layers / "broken.yaml").write_text("name: [")
    await api.post("/reload")
    notices = (await api.http.get(f"{root(api)}/readyz")).json()["notices"]
    assert notices[0] == "nightly is paused by ann: moving."
    assert notices[1].startswith("Layer file broken.yaml:")


async def test_a_store_that_is_gone_is_told_as_not_ready(api: Api) -> None:
    await api.services.database.close()
    answer = await api.http.get(f"{root(api)}/readyz")
    assert answer.status_code == 503
    assert "The database is not open." in answer.json()["obstacles"][1]
    assert (await api.http.get("/runs")).json()["type"] == "urn:zos:problem:database"


@pytest.mark.parametrize("path", ["/nothing", "/docs", "/redoc", "/../token"])
async def test_what_is_no_route_is_a_problem(api: Api, path: str) -> None:
    answer = await api.http.get(path)
    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


async def test_a_wrong_method_is_a_problem_that_names_the_right_one(api: Api) -> None:
    answer = await api.http.delete("/jobs")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert answer.headers["content-type"] == "application/problem+json"
