"""Clients that say too little, too slowly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from starlette.responses import PlainTextResponse
from tests.api.serving import serving

from zos.api.protocol import BoundedProtocol

HEAD_SECONDS = 0.3
Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
async def line(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Line]:
    """A connection to a server with little patience."""
    monkeypatch.setattr(BoundedProtocol, "head_seconds", HEAD_SECONDS)
    async with serving(PlainTextResponse("ok")) as url:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        yield reader, writer
        writer.close()


async def answered(reader: asyncio.StreamReader) -> bytes:
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    return head + await asyncio.wait_for(reader.readexactly(2), 10)


@pytest.mark.parametrize("said", [b"", b"GET / HT", REQUEST[:-2]])
async def test_a_head_that_does_not_come_ends_the_connection(line: Line, said: bytes) -> None:
    reader, writer = line
    writer.write(said)
    assert await asyncio.wait_for(reader.read(), 10) == b""


async def test_a_head_that_comes_drop_by_drop_ends_it_too(line: Line) -> None:
    reader, writer = line
    ended = asyncio.create_task(reader.read())
    drops = 0
    while not ended.done() and drops < 200:
        writer.write(b"GET / HTTP/1.1\r\n"[drops : drops + 1] or b"X")
        drops += 1
        await asyncio.wait([ended], timeout=HEAD_SECONDS / 10)
    assert ended.done()
    assert drops < 100
    assert await ended == b""


async def test_a_request_in_time_is_answered_and_so_is_the_next(line: Line) -> None:
    reader, writer = line
    for _ in range(2):
        writer.write(REQUEST[:10])
        await writer.drain()
        writer.write(REQUEST[10:])
        assert (await answered(reader)).startswith(b"HTTP/1.1 200")


async def test_after_an_answer_the_wait_for_a_whole_head_begins_anew(line: Line) -> None:
    reader, writer = line
    writer.write(REQUEST)
    assert (await answered(reader)).startswith(b"HTTP/1.1 200")
    writer.write(REQUEST[:10])
    assert await asyncio.wait_for(reader.read(), 10) == b""
