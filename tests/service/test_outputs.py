"""Outgoing texts, to the log and to a webhook on the loopback address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from structlog.testing import capture_logs
from tests.api.serving import serving

from zos.service.outputs import DeliveryError, Outputs

PAYLOAD: dict[str, object] = {"layer": "nightly", "text": "• a thought", "dedup_key": "k1"}


class Webhook:
    """Answers as its path says, and remembers what it was sent."""

    def __init__(self) -> None:
        self.received: list[tuple[Any, str | None]] = []
        self.url = ""

    async def answer(self, request: Request) -> Response:
        self.received.append((await request.json(), request.headers.get("idempotency-key")))
        return Response(status_code=request.path_params["status"])


@pytest.fixture
async def webhook() -> AsyncIterator[Webhook]:
    webhook = Webhook()
    app = Starlette(routes=[Route("/{status:int}", webhook.answer, methods=["POST"])])
    async with serving(app) as webhook.url:
        yield webhook


async def test_a_text_for_the_log_is_logged() -> None:
    with capture_logs() as logs:
        await Outputs().deliver("log", PAYLOAD)
    assert logs == [{"event": "output", "log_level": "info", **PAYLOAD}]


@pytest.mark.parametrize("status", [200, 204])
async def test_a_text_for_a_webhook_is_posted_with_its_key(webhook: Webhook, status: int) -> None:
    await Outputs().deliver(f"{webhook.url}/{status}", PAYLOAD)
    assert webhook.received == [(PAYLOAD, "k1")]


@pytest.mark.parametrize(
    ("status", "again"), [(400, False), (404, False), (302, False), (429, True), (503, True)]
)
async def test_the_webhooks_answer_says_whether_to_try_again(
    webhook: Webhook, status: int, again: bool
) -> None:
    with pytest.raises(DeliveryError, match=f"HTTP {status}") as caught:
        await Outputs().deliver(f"{webhook.url}/{status}", PAYLOAD)
    assert caught.value.retryable is again


async def test_a_webhook_that_is_not_reached_is_tried_again_and_not_named() -> None:
    with pytest.raises(DeliveryError, match="was not reached: ConnectError") as caught:
        await Outputs().deliver("http://127.0.0.1:1/secret", PAYLOAD)
    assert caught.value.retryable
    assert "secret" not in str(caught.value)


async def test_a_destination_that_nobody_serves_yet_waits() -> None:
    with pytest.raises(DeliveryError, match="Nothing delivers to discord now") as caught:
        await Outputs().deliver("discord:123", PAYLOAD)
    assert caught.value.retryable
