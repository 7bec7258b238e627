"""What no request passes, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope
from tests.api.serving import serving

from zos.access.gate.bounds import MAX_BODY_BYTES
from zos.access.gate.gate import Gate
from zos.access.gate.origins import allowed_hosts
from zos.access.gate.policy import API_POLICY, PAGES_POLICY
from zos.access.principal import Principal, Role, Via, principal_of
from zos.config.model import ApiConfig
from zos.core.errors import DatabaseError

KNOWN: dict[str, Principal | Exception | None] = {
    "Bearer operator": Principal("ann", Role.OPERATOR, Via.KEY),
    "Bearer viewer": Principal("bob", Role.VIEWER, Via.KEY),
    "Bearer session": Principal("eve", Role.OPERATOR, Via.SESSION, "1"),
}
OPERATOR, VIEWER, SESSION = ({"Authorization": given} for given in KNOWN)
METHODS = ["GET", "POST"]


async def _identify(_scope: Scope, headers: Headers) -> Principal | None:
    found = KNOWN.get(headers.get("authorization", ""))
    if isinstance(found, Exception):
        raise found
    return found


async def _record(_scope: Scope, _status: int) -> None:
    """Nobody looks here: tests/access/audit."""


async def _echo(request: Request) -> JSONResponse:
    asked_by = principal_of(request.scope)
    name = None if asked_by is None else asked_by.name
    return JSONResponse({"size": len(await request.body()), "by": name})


async def _hang(_request: Request) -> PlainTextResponse:
    await asyncio.Event().wait()
    return PlainTextResponse("never")


async def _open(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


async def _events(request: Request) -> Response:
    async def tick() -> AsyncIterator[bytes]:
        while True:
            yield b"tick"
            await asyncio.sleep(0.02)

    if "endless" in request.query_params:
        return StreamingResponse(tick())
    return await _echo(request)


async def _kept(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok", headers={"cache-control": "private"})


ROUTES = [
    Route("/api/echo", _echo, methods=METHODS),
    Route("/api/hang", _hang),
    Route("/api/v1/events", _events),
    Route("/healthz", _open, methods=METHODS),
    Route("/runs", _echo, methods=METHODS),
    Route("/hang", _hang),
    Route("/login", _echo, methods=METHODS),
    Route("/logout", _echo, methods=["POST"]),
    Route("/static/zos.css", _kept),
]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    gate = Gate(
        Starlette(routes=ROUTES),
        identify=_identify,
        record=_record,
        hosts=allowed_hosts(ApiConfig(allowed_hosts=("Zos.example",))),
        timeout_seconds=0.2,
        recheck_seconds=0.05,
    )
    async with serving(gate) as url, httpx.AsyncClient(base_url=url) as http:
        yield http


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = answer.json()
    assert content["status"] == answer.status_code
    return content


async def test_who_is_known_passes_and_what_lies_behind_knows_who_it_is(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/api/echo", headers=OPERATOR)).json() == {"size": 0, "by": "ann"}
    assert (await client.get("/runs", headers=VIEWER)).json() == {"size": 0, "by": "bob"}
    assert (await client.get("/login", headers=VIEWER)).json() == {"size": 0, "by": None}


@pytest.mark.parametrize("path", ["/api/echo", "/api/nothing", "/readyz", "/metrics"])
async def test_a_program_that_is_not_known_is_told_so(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"Authorization": "Bearer nobody"})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert problem(answer)["type"] == "urn:zos:problem:token"


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", "/login"),
        ("/runs", "/login?next=/runs"),
        ("/runs?layer=a&before=b%20c", "/login?next=/runs%3Flayer%3Da%26before%3Db%2520c"),
        ("/runs/%0d%0aset-cookie:%20a=b", "/login"),
        ("//evil.example/", "/login"),
        ("/\\evil.example", "/login"),
    ],
)
async def test_a_person_who_is_not_known_logs_in_and_comes_back(
    client: httpx.AsyncClient, path: str, location: str
) -> None:
    url = httpx.URL(str(client.base_url).rstrip("/") + path)
    answer = await client.get(url)
    assert (answer.status_code, answer.headers["location"]) == (303, location)


async def test_what_was_written_is_not_come_back_to(client: httpx.AsyncClient) -> None:
    answer = await client.post("/runs")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_for_a_part_of_a_page_the_whole_page_goes_to_log_in(
    client: httpx.AsyncClient,
) -> None:
    shown = {"HX-Request": "true", "HX-Current-URL": "http://127.0.0.1:8730/runs?layer=a"}
    answer = await client.get("/runs/rows", headers=shown)
    assert (answer.status_code, answer.headers["hx-redirect"]) == (
        401,
        "/login?next=/runs%3Flayer%3Da",
    )


@pytest.mark.parametrize("told", ["http://[::1/runs", "", "//evil.example", "\\evil.example"])
async def test_a_part_of_a_page_that_nobody_can_name_leads_to_the_login_alone(
    client: httpx.AsyncClient, told: str
) -> None:
    answer = await client.get("/runs/rows", headers={"HX-Request": "true", "HX-Current-URL": told})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/login")


async def test_only_what_a_login_needs_is_open_to_all(client: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/login", "/static/zos.css"):
        assert (await client.get(path)).status_code == 200
    assert (await client.post("/login")).status_code == 200
    assert (await client.post("/logout")).status_code == 303


async def test_a_viewer_reads_and_does_not_write(client: httpx.AsyncClient) -> None:
    for path in ("/api/echo", "/runs"):
        assert (await client.get(path, headers=VIEWER)).status_code == 200
        assert (await client.post(path, headers=OPERATOR)).status_code == 200
    refused = await client.post("/runs", headers=VIEWER)
    assert (refused.status_code, "<h1>Forbidden</h1>" in refused.text) == (403, True)
    refused = await client.post("/api/echo", headers=VIEWER)
    assert (refused.status_code, problem(refused)["type"]) == (403, "urn:zos:problem:forbidden")
    assert (await client.post("/logout", headers=VIEWER)).status_code == 200
    assert (await client.request("TRACE", "/api/echo", headers=VIEWER)).status_code == 403


async def test_a_session_writes_only_from_a_page_of_ours(client: httpx.AsyncClient) -> None:
    from_us = {"Host": "localhost", "Origin": "http://localhost", **SESSION}
    assert (await client.post("/runs", headers=SESSION)).status_code == 403
    assert (await client.post("/runs", headers=from_us)).status_code == 200
    browser = {"Sec-Fetch-Site": "same-origin", **SESSION}
    assert (await client.post("/runs", headers=browser)).status_code == 200
    assert (await client.get("/runs", headers=SESSION)).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8730", "zos.example", "zos.example.:443"],
)
async def test_known_names_are_answered_to(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/healthz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "[", "::1]"]
)
@pytest.mark.parametrize("path", ["/healthz", "/runs", "/login"])
async def test_a_rebound_name_is_not(client: httpx.AsyncClient, host: str, path: str) -> None:
    answer = await client.get(path, headers={"Host": host, **OPERATOR})
    assert answer.status_code in {400, 421}


async def test_a_foreign_name_is_refused_with_the_next_step(client: httpx.AsyncClient) -> None:
    content = problem(await client.get("/healthz", headers={"Host": "evil.example"}))
    assert (content["status"], content["hint"]) == (421, "See api.allowed_hosts.")


async def test_a_name_that_is_a_script_is_shown_as_text(client: httpx.AsyncClient) -> None:
    answer = await client.get("/runs", headers={"Host": "<script>alert(1)</script>"})
    assert answer.status_code in {400, 421}
    assert "<script>" not in answer.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://localhost:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://[::1"}, 403),
        ({"Origin": "localhost"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/api/echo", "/runs", "/login"])
async def test_another_sites_page_cannot_write(
    client: httpx.AsyncClient, headers: dict[str, str], status: int, path: str
) -> None:
    sent = {"Host": "localhost", **OPERATOR, **headers}
    assert (await client.post(path, headers=sent)).status_code == status
    assert (await client.get(path, headers=sent)).status_code == 200


@pytest.mark.parametrize("size", [0, 1, MAX_BODY_BYTES])
async def test_a_body_within_the_bound_arrives_whole(client: httpx.AsyncClient, size: int) -> None:
    answer = await client.post("/api/echo", content=b"x" * size, headers=OPERATOR)
    assert answer.json()["size"] == size


async def _in_pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1024):
        yield b"x" * 1024


async def test_a_larger_body_is_refused_however_it_is_sent(client: httpx.AsyncClient) -> None:
    whole = await client.post("/api/echo", content=b"x" * (MAX_BODY_BYTES + 1), headers=OPERATOR)
    assert (whole.status_code, problem(whole)["type"]) == (413, "urn:zos:problem:too-large")
    pieces = _in_pieces(MAX_BODY_BYTES + 1024)
    assert (await client.post("/login", content=pieces)).status_code == 413
    fits = _in_pieces(MAX_BODY_BYTES)
    answer = await client.post("/api/echo", content=fits, headers=OPERATOR)
    assert answer.json()["size"] == MAX_BODY_BYTES


async def test_an_answer_that_takes_too_long_is_given_up(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/hang", headers=OPERATOR)
    assert (answer.status_code, problem(answer)["type"]) == (503, "urn:zos:problem:timeout")
    assert "longer than 0.2 s" in (await client.get("/hang", headers=OPERATOR)).text


async def test_a_request_that_never_ends_is_given_up(client: httpx.AsyncClient) -> None:
    host, port = client.base_url.host, client.base_url.port
    reader, writer = await asyncio.open_connection(host, port)
    head = "POST /login HTTP/1.1\r\nHost: localhost\r\n"
    writer.write(f"{head}Content-Length: 10\r\n\r\nhalf".encode())
    assert b" 503 " in await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_goes_in_the_middle_of_its_request_harms_nobody(
    client: httpx.AsyncClient,
) -> None:
    _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    head = "POST /login HTTP/1.1\r\nHost: localhost\r\n"
    writer.write(f"{head}Content-Length: 10\r\n\r\nhalf".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await client.get("/api/echo", headers=OPERATOR)).is_success


async def test_every_answer_says_what_a_browser_may_do_with_it(client: httpx.AsyncClient) -> None:
    policies = {
        "/healthz": API_POLICY,
        "/api/echo": API_POLICY,
        "/runs": PAGES_POLICY,
        "/login": PAGES_POLICY,
        "/nothing": PAGES_POLICY,
    }
    for path, policy in policies.items():
        headers = (await client.get(path)).headers
        assert headers["content-security-policy"] == policy
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
    assert (await client.get("/static/zos.css")).headers["cache-control"] == "private"


async def test_events_have_no_end(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/events", headers=VIEWER)).json()["by"] == "bob"
    assert (await client.get("/api/v1/events")).status_code == 401


@pytest.mark.parametrize("gone", [None, DatabaseError("the disk is gone")])
async def test_what_has_no_end_ends_when_who_hears_it_is_known_no_more(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, gone: DatabaseError | None
) -> None:
    ticks = 0
    async with client.stream("GET", "/api/v1/events?endless", headers=VIEWER) as answer:
        async for _ in answer.aiter_bytes():
            ticks += 1
            if ticks == 20:  # several looks later
                monkeypatch.setitem(KNOWN, VIEWER["Authorization"], gone)
    assert 20 <= ticks < 60


async def test_what_is_no_http_request_is_turned_away() -> None:
    gate = Gate(Starlette(), identify=_identify, record=_record, hosts=())
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    await gate({"type": "websocket", "path": "/", "headers": []}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]
