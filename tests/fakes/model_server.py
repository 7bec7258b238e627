"""A server on loopback that speaks the wire formats of OpenAI, Anthropic and Google, and answers as told.

In: `Reply`s, one for each request, then `default` for ever. Out: what real clients see, and
`requests`: what they sent.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.fakes import wire


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: `data` in the form that was asked for, or what goes wrong instead of it.

    Attributes:
        data: What the model fills the form with.
        raw: Instead of `data`: a text where the form should be (malformed JSON).
        refusal: Instead of `data`: the model will not answer, in these words.
        text: Instead of `data`: plain words without a form.
        status: An HTTP error.
        headers: Further headers (Retry-After).
        echo: Words in the body of an HTTP error.
        delay_seconds: Waits before it answers.
        page: Instead of any of it: something that is not JSON.
        hang: Never answers.
        drop: Closes the connection without an answer.
        tokens_in: What it says it read.
        tokens_out: What it says it wrote.
        cached: How many of `tokens_in` came from the provider's cache.
        truncated: Says that it ran out of output tokens.
    """

    data: dict[str, Any] | None = None
    raw: str | None = None
    refusal: str | None = None
    text: str | None = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    echo: str = "as told"
    delay_seconds: float = 0.0
    page: str | None = None
    hang: bool = False
    drop: bool = False
    tokens_in: int = 100
    tokens_out: int = 20
    cached: int = 0
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came."""

    protocol: wire.Protocol
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def model(self) -> str:
        return self.protocol.model(self.path, self.body)

    @property
    def temperature(self) -> float | None:
        return self.protocol.temperature(self.body)

    @property
    def max_tokens(self) -> int | None:
        return self.protocol.max_tokens(self.body)

    @property
    def text(self) -> str:
        """Everything that the model was told, as JSON."""
        return json.dumps(self.body)


Answerer = Callable[[Received], Reply]


class ModelServer:
    """The server. `base_url(provider)` is what goes into a profile; `asked` is set by the first request."""

    def __init__(self) -> None:
        self.requests: list[Received] = []
        self.replies: deque[Reply] = deque()
        self.default: Reply | Answerer = Reply(status=500, echo="no reply was told")
        self.asked = asyncio.Event()
        self.port = 0
        self._closing = asyncio.Event()
        self._connections: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    def tell(self, *replies: Reply) -> None:
        """Answer the next requests with `replies`, in order."""
        self.replies.extend(replies)

    def base_url(self, provider: str) -> str:
        """Return the base URL for a profile of `provider`."""
        return f"http://127.0.0.1:{self.port}" + ("/v1" if provider == "openai" else "")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection until it closes."""
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        try:
            while await self._answer_one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            del self._connections[task]
            writer.close()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        received = await _receive(reader)
        self.requests.append(received)
        self.asked.set()
        reply = self._next(received)
        if reply.drop:
            return False
        if reply.hang:
            await self._closing.wait()
            return False
        if reply.delay_seconds:
            await asyncio.sleep(reply.delay_seconds)
        await _send(writer, reply, received)
        return True

    def _next(self, received: Received) -> Reply:
        if self.replies:
            return self.replies.popleft()
        return self.default if isinstance(self.default, Reply) else self.default(received)

    async def close(self) -> None:
        """Let go of hanging requests and close all connections."""
        self._closing.set()
        for writer in self._connections.values():
            writer.close()
        if self._connections:
            await asyncio.wait(list(self._connections), timeout=5)


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    """Run a `ModelServer` on a free port."""
    server = ModelServer()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        await server.close()


async def _receive(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    path = first.split(" ")[1]
    return Received(wire.protocol_of(path), path, headers, json.loads(body or b"{}"))


async def _send(writer: asyncio.StreamWriter, reply: Reply, received: Received) -> None:
    protocol = received.protocol
    wrong = reply.status != 200 or reply.page is not None
    body = protocol.error(reply) if wrong else protocol.answer(reply, received)
    payload = (json.dumps(body) if reply.page is None else reply.page).encode()
    phrase = HTTPStatus(reply.status).phrase
    headers = {
        "content-type": "application/json" if reply.page is None else "text/html",
        "content-length": str(len(payload)),
        **reply.headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"HTTP/1.1 {reply.status} {phrase}\r\n{head}\r\n".encode() + payload)
    await writer.drain()
