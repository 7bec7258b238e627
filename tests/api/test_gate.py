"""What no request passes, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route
from tests.api.serving import serving

from zos.access.token import OperatorToken
from zos.api.gate import MAX_BODY_BYTES, Gate

TOKEN = "t" * 43
BEARER = {"Authorization": f"Bearer {TOKEN}"}


async def _echo(request: Request) -> JSONResponse:
    return JSONResponse({"size": len(await request.body())})


async def _hang(_request: Request) -> PlainTextResponse:
    await asyncio.Event().wait()
    return PlainTextResponse("never")


async def _open(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("ok")


ROUTES = [
    Route("/echo", _echo, methods=["GET", "POST"]),
    Route("/hang", _hang),
    Route("/healthz", _open, methods=["GET", "POST"]),
]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    gate = Gate(
        Starlette(routes=ROUTES),
        token=OperatorToken(TOKEN),
        allowed_hosts={"Zos.example"},
        timeout_seconds=0.2,
    )
    async with serving(gate) as url, httpx.AsyncClient(base_url=url) as http:
        yield http


def problem(answer: httpx.Response) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    content: dict[str, Any] = answer.json()
    assert content["status"] == answer.status_code
    return content


async def test_the_right_token_opens(client: httpx.AsyncClient) -> None:
    assert (await client.get("/echo", headers=BEARER)).json() == {"size": 0}


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer x", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"],
)
async def test_any_other_token_does_not(
    client: httpx.AsyncClient, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = await client.get("/echo", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert problem(answer)["type"] == "urn:zos:problem:token"


async def test_only_the_sign_of_life_needs_no_token(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).text == "ok"
    assert (await client.get("/healthz/")).status_code == 401
    assert (await client.get("/nothing")).status_code == 401


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8730", "zos.example", "zos.example.:443"],
)
async def test_known_names_are_answered_to(client: httpx.AsyncClient, host: str) -> None:
    assert (await client.get("/healthz", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "[", "::1]"]
)
async def test_a_rebound_name_is_not(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/healthz", headers={"Host": host, **BEARER})
    assert answer.status_code in {400, 421}


async def test_a_foreign_name_is_refused_with_the_next_step(client: httpx.AsyncClient) -> None:
    content = problem(await client.get("/healthz", headers={"Host": "evil.example"}))
    assert (content["status"], content["hint"]) == (421, "See api.allowed_hosts.")


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
    ],
)
async def test_another_sites_page_cannot_write(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    sent = {"Host": "localhost", **BEARER, **headers}
    assert (await client.post("/echo", headers=sent)).status_code == status
    assert (await client.get("/echo", headers=sent)).status_code == 200


@pytest.mark.parametrize("size", [0, 1, MAX_BODY_BYTES])
async def test_a_body_within_the_bound_arrives_whole(client: httpx.AsyncClient, size: int) -> None:
    answer = await client.post("/echo", content=b"x" * size, headers=BEARER)
    assert answer.json() == {"size": size}


async def _in_pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1024):
        yield b"x" * 1024


async def test_a_larger_body_is_refused_however_it_is_sent(client: httpx.AsyncClient) -> None:
    whole = await client.post("/echo", content=b"x" * (MAX_BODY_BYTES + 1), headers=BEARER)
    assert (whole.status_code, problem(whole)["type"]) == (413, "urn:zos:problem:too-large")
    pieces = _in_pieces(MAX_BODY_BYTES + 1024)
    assert (await client.post("/echo", content=pieces, headers=BEARER)).status_code == 413
    fits = _in_pieces(MAX_BODY_BYTES)
    answer = await client.post("/echo", content=fits, headers=BEARER)
    assert answer.json() == {"size": MAX_BODY_BYTES}


async def test_an_answer_that_takes_too_long_is_given_up(client: httpx.AsyncClient) -> None:
    answer = await client.get("/hang", headers=BEARER)
    assert (answer.status_code, problem(answer)["type"]) == (503, "urn:zos:problem:timeout")


async def test_a_request_that_never_ends_is_given_up(client: httpx.AsyncClient) -> None:
    host, port = client.base_url.host, client.base_url.port
    reader, writer = await asyncio.open_connection(host, port)
    head = f"POST /echo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    writer.write(f"{head}Content-Length: 10\r\n\r\nhalf".encode())
    assert b" 503 " in await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_goes_in_the_middle_of_its_request_harms_nobody(
    client: httpx.AsyncClient,
) -> None:
    _, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    head = f"POST /echo HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
    writer.write(f"{head}Content-Length: 10\r\n\r\nhalf".encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    assert (await client.get("/echo", headers=BEARER)).is_success


async def test_every_answer_forbids_to_be_kept_framed_or_guessed(client: httpx.AsyncClient) -> None:
    for answer in (await client.get("/healthz"), await client.get("/echo")):
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers


async def test_what_is_no_http_request_is_turned_away() -> None:
    gate = Gate(Starlette(), token=OperatorToken(TOKEN), allowed_hosts=set())
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    await gate({"type": "websocket", "path": "/", "headers": []}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]
