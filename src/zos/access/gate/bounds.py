"""How much of a request is taken in: whole and bounded, before any route sees it."""

from __future__ import annotations

from starlette.types import Message, Receive

MAX_BODY_BYTES = 64 * 1024


async def read_body(receive: Receive) -> bytes | None:
    """Return a request's whole body, or None if it is too large."""
    parts = bytearray()
    while True:
        message = await receive()
        parts += message.get("body", b"")
        if len(parts) > MAX_BODY_BYTES:
            return None
        if message["type"] != "http.request" or not message.get("more_body"):
            return bytes(parts)


def replaying(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that hands out `body` once, then what comes after it."""
    left = [body]

    async def again() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return again
