"""Dead-man pings go out in the background and hold nothing up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs
from tests.scheduler.layers import layer
from tests.scheduler.runs import run

from zos.reflect.states import RunStatus
from zos.scheduler.pings import Pings


class Watcher:
    """An HTTP server on loopback that writes down who called."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.status = "200 OK"
        self.url = ""
        self.path = "/ping/secret"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        self.paths.append(request.split(b" ")[1].decode())
        writer.write(f"HTTP/1.1 {self.status}\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def watcher() -> AsyncIterator[Watcher]:
    made = Watcher()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    made.url = f"http://{host}:{port}{made.path}"
    async with server:
        yield made


@pytest.mark.parametrize(
    ("status", "path"),
    [
        (RunStatus.SUCCESS, "/ping/secret"),
        (RunStatus.DRY, "/ping/secret"),
        (RunStatus.SKIPPED, "/ping/secret"),
        (RunStatus.PARTIAL, "/ping/secret/fail"),
        (RunStatus.FAILED, "/ping/secret/fail"),
        (RunStatus.CANCELLED, "/ping/secret/fail"),
    ],
)
async def test_a_run_is_announced_and_its_end_told(
    watcher: Watcher, status: RunStatus, path: str
) -> None:
    pings, watched = Pings(), layer(ping_url=watcher.url)
    pings.begun(watched)
    await pings.close()
    pings.ended(run(status=status), watched)
    await pings.close()
    assert watcher.paths == ["/ping/secret/start", path]


async def test_a_layer_without_an_address_is_not_watched() -> None:
    pings = Pings()
    pings.begun(layer())
    pings.ended(run(status=RunStatus.SUCCESS), layer())
    await pings.close()


async def test_a_watcher_that_refuses_is_asked_a_few_times_and_its_secret_is_not_logged(
    watcher: Watcher,
) -> None:
    watcher.status = "503 Service Unavailable"
    pings = Pings()
    with capture_logs() as logs:
        pings.send(watcher.url)
        await pings.close()
    assert len(watcher.paths) == 3
    assert [(line["event"], line["reason"]) for line in logs] == [("ping_failed", "HTTP 503")]
    assert "secret" not in str(logs)


async def test_nobody_there_is_no_error() -> None:
    pings = Pings()
    with capture_logs() as logs:
        pings.send("http://127.0.0.1:9/ping")
        await pings.close()
    assert [line["reason"] for line in logs] == ["ConnectError"]
