"""How much of a request is taken in."""

from __future__ import annotations

from typing import Any

from zos.access.gate.bounds import MAX_BODY_BYTES, read_body, replaying


class Client:
    """Sends messages, one after the other."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self.left = [*messages]

    async def __call__(self) -> Any:
        return self.left.pop(0)


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_what_lies_behind_gets_the_body_once_and_then_what_comes_after() -> None:
    client = Client(part(b"a", more=True), part(b"b"), {"type": "http.disconnect"})
    body = await read_body(client)
    assert body == b"ab"
    again = replaying(body, client)
    assert await again() == part(b"ab")
    assert await again() == {"type": "http.disconnect"}


async def test_reading_stops_at_the_bound() -> None:
    client = Client(*[part(b"x" * MAX_BODY_BYTES, more=True) for _ in range(9)])
    assert await read_body(client) is None
    assert len(client.left) == 7


async def test_a_client_that_goes_has_sent_what_it_has_sent() -> None:
    assert await read_body(Client(part(b"a", more=True), {"type": "http.disconnect"})) == b"a"
