"""The command line's way to a running service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from tests.api.serving import serving
from tests.conftest import EPOCH

from zos.access.client import ServiceClient
from zos.access.problems import problem
from zos.access.runtime import RunningService
from zos.access.token import make_token
from zos.core.errors import ConfigError, LayerNotFoundError, ServiceError


async def _echo(request: Request) -> Response:
    return JSONResponse(
        {
            "method": request.method,
            "query": request.query_params.multi_items(),
            "body": (await request.body()).decode(),
            "authorization": request.headers["authorization"],
        }
    )


async def _refuse(_request: Request) -> Response:
    error = LayerNotFoundError("There is no layer 'x'.", hint="See `zos layer list`.")
    return JSONResponse(problem(error), 404)


async def _nonsense(_request: Request) -> Response:
    return PlainTextResponse("<html>")


async def _silent(_request: Request) -> Response:
    return JSONResponse(["no problem object"], 500)


ROUTES = [
    Route("/api/v1/echo", _echo, methods=["GET", "POST"]),
    Route("/api/v1/refuse", _refuse),
    Route("/api/v1/nonsense", _nonsense),
    Route("/api/v1/silent", _silent),
]


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[RunningService]:
    make_token(tmp_path / "token")
    async with serving(Starlette(routes=ROUTES)) as url:
        yield RunningService(4711, "owner", EPOCH, url, tmp_path / "token")


async def test_it_asks_with_the_services_own_token(service: RunningService) -> None:
    token = service.token_path.read_text().strip()
    async with ServiceClient(service) as client:
        answer = await client.get("/echo", {"layer": "nightly", "status": ["a", "b"]})
        assert answer["authorization"] == f"Bearer {token}"
        assert answer["query"] == [["layer", "nightly"], ["status", "a"], ["status", "b"]]
        posted = await client.post("/echo", {"by": "ann"})
        assert (posted["method"], posted["body"]) == ("POST", '{"by":"ann"}')


async def test_a_proxy_of_the_environment_never_sees_the_token(
    service: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with ServiceClient(service) as client:
        assert (await client.get("/echo"))["method"] == "GET"


async def test_the_services_error_is_raised_here(service: RunningService) -> None:
    async with ServiceClient(service) as client:
        with pytest.raises(LayerNotFoundError, match=r"There is no layer 'x'\. See `zos layer"):
            await client.get("/refuse")
        with pytest.raises(ServiceError, match="The service refused"):
            await client.get("/silent")


async def test_an_answer_that_is_no_json_is_not_the_service(service: RunningService) -> None:
    async with ServiceClient(service) as client:
        with pytest.raises(ServiceError, match="does not answer"):
            await client.get("/nonsense")


async def test_a_service_that_does_not_answer_is_named_with_the_next_step(
    service: RunningService,
) -> None:
    gone = replace(service, url="http://127.0.0.1:1")
    async with ServiceClient(gone) as client:
        with pytest.raises(
            ServiceError, match=r"process 4711\) does not answer at http://127"
        ) as e:
            await client.get("/echo")
    assert "Look at its log" in e.value.hint


async def test_without_the_token_nothing_is_asked(service: RunningService) -> None:
    service.token_path.unlink()
    with pytest.raises(ConfigError, match="The token file"):
        async with ServiceClient(service):
            pass


async def test_a_client_that_is_not_open_says_so(service: RunningService) -> None:
    with pytest.raises(ServiceError, match="not open"):
        await ServiceClient(service).get("/echo")


async def test_a_certificate_that_cannot_be_read_ends_in_one_error(
    service: RunningService, tmp_path: Path
) -> None:
    (tmp_path / "certificate.pem").write_text("no certificate")
    secured = replace(service, certificate_path=tmp_path / "certificate.pem")
    with pytest.raises(ServiceError, match=r"Check api\.tls_certificate"):
        async with ServiceClient(secured):
            pass
