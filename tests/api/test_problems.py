"""What goes wrong within a route."""

from __future__ import annotations

import httpx
from fastapi import FastAPI
from structlog.testing import capture_logs
from tests.api.serving import serving

from zos.api.problems import handle_problems
from zos.core.errors import DatabaseError, LayerError, ZosError


def _app() -> FastAPI:
    app = FastAPI()
    errors: dict[str, Exception] = {
        "usage": LayerError("The layer is wrong.", hint="Mend it."),
        "store": DatabaseError("The database is locked."),
        "ours": ZosError("It did not work."),
        "bug": RuntimeError("a secret detail"),
    }

    @app.get("/{kind}")
    async def fail(kind: str) -> None:
        raise errors[kind]

    handle_problems(app)
    return app


async def test_errors_become_problems_and_those_of_the_service_are_logged() -> None:
    async with serving(_app()) as url, httpx.AsyncClient(base_url=url) as http:
        with capture_logs() as logs:
            answers = {kind: await http.get(f"/{kind}") for kind in ("usage", "store", "ours")}
    assert {kind: answer.status_code for kind, answer in answers.items()} == {
        "usage": 422,
        "store": 503,
        "ours": 500,
    }
    assert answers["usage"].json()["hint"] == "Mend it."
    assert [entry["error"] for entry in logs] == ["The database is locked.", "It did not work."]


async def test_a_bug_is_logged_and_its_detail_stays_here() -> None:
    async with serving(_app()) as url, httpx.AsyncClient(base_url=url) as http:
        with capture_logs() as logs:
            answer = await http.get("/bug")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text
    (entry,) = [entry for entry in logs if entry["event"] == "request_crashed"]
    assert "a secret detail" in str(entry["exc_info"])
