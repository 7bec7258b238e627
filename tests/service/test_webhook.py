"""Webhooks on the loopback address, and addresses that nobody may have Zos post to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_address
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.api.serving import serving

from zos.config.model import OutputConfig
from zos.core.errors import DeliveryError
from zos.service.webhook import is_public, post_json

PAYLOAD: dict[str, object] = {"layer": "nightly", "text": "• a thought", "dedup_key": "k1"}
HERE = OutputConfig(
    webhook_hosts=frozenset({"127.0.0.1", "localhost"}), allow_private_addresses=True
)


class Webhook:
    """Answers as its path says, and remembers what it was sent."""

    def __init__(self) -> None:
        self.received: list[tuple[Any, str | None, str | None]] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        headers = request.headers
        self.received.append(
            (await request.json(), headers.get("idempotency-key"), headers.get("host"))
        )
        return Response(
            status_code=request.path_params["status"], headers={"Location": f"{self.url}/200"}
        )


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    webhook = Webhook()
    app = Starlette(routes=[Route("/{status:int}", webhook.answer, methods=["POST"])])
    async with serving(app) as webhook.url:
        yield webhook


@pytest.mark.parametrize("status", [200, 204])
async def test_a_text_is_posted_with_its_key(webhook: Webhook, status: int) -> None:
    await post_json(f"{webhook.url}/{status}", PAYLOAD, HERE)
    assert webhook.received == [(PAYLOAD, "k1", webhook.url.removeprefix("http://"))]


async def test_a_key_in_any_script_is_posted_in_ascii(webhook: Webhook) -> None:
    payload = {**PAYLOAD, "dedup_key": "k1:Übersicht:https://hooks.example/ä"}
    await post_json(f"{webhook.url}/200", payload, HERE)
    ((told, key, _),) = webhook.received
    assert (told, key) == (payload, "k1:%C3%9Cbersicht:https://hooks.example/%C3%A4")


@pytest.mark.parametrize("url", ["http://a..b/secret", f"http://{'a' * 64}.example/secret"])
async def test_an_address_that_cannot_be_looked_up_is_given_up_and_not_named(url: str) -> None:
    with pytest.raises(DeliveryError, match="cannot be asked: UnicodeError") as caught:
        await post_json(url, PAYLOAD, HERE)
    assert not caught.value.retryable
    assert "secret" not in str(caught.value)


async def test_the_address_that_was_looked_at_is_posted_to_under_the_hosts_own_name(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = int(webhook.url.rpartition(":")[2])
    asked: list[object] = []

    async def resolved(host: object, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    there = OutputConfig(webhook_hosts=frozenset({"hooks.example"}), allow_private_addresses=True)
    await post_json(f"http://hooks.example:{port}/200", PAYLOAD, there)
    assert webhook.received[0][2] == f"hooks.example:{port}"
    assert asked[0] == "hooks.example"


@pytest.mark.parametrize(
    ("status", "again"), [(400, False), (404, False), (302, False), (429, True), (503, True)]
)
async def test_the_answer_says_whether_to_try_again(
    webhook: Webhook, status: int, again: bool
) -> None:
    with pytest.raises(DeliveryError, match=f"HTTP {status}") as caught:
        await post_json(f"{webhook.url}/{status}", PAYLOAD, HERE)
    assert caught.value.retryable is again
    assert len(webhook.received) == 1


async def test_one_that_is_not_reached_is_tried_again_and_not_named() -> None:
    with pytest.raises(DeliveryError, match="was not reached: ConnectError") as caught:
        await post_json("http://127.0.0.1:1/secret", PAYLOAD, HERE)
    assert caught.value.retryable
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433"])
async def test_one_in_a_private_network_is_refused(webhook: Webhook, host: str) -> None:
    allowed = OutputConfig(webhook_hosts=frozenset({host.strip("[]")}))
    port = webhook.url.rpartition(":")[2]
    with pytest.raises(DeliveryError, match="in a private network") as caught:
        await post_json(f"http://{host}:{port}/200", PAYLOAD, allowed)
    assert not caught.value.retryable
    assert webhook.received == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("::ffff:93.184.216.34", True),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("0.0.0.0", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:0001::", False),
        ("2002:5db8:d822::", True),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(ip_address(address)) is public
