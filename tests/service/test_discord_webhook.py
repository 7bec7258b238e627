"""Webhooks of Discord, on the loopback address under Discord's name."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tests.api.serving import serving
from tests.service.test_outputs import Discord

from zos.config.model import OutputConfig
from zos.core.errors import DeliveryError
from zos.service.discord_webhook import is_one
from zos.service.outputs import Outputs

PATH = "/api/v10/webhooks/55/secret"
THERE = OutputConfig(webhook_hosts=frozenset({"discord.com"}), allow_private_addresses=True)
LINK = "https://discord.com/channels/1/2/3"


def payload(*texts: str) -> dict[str, object]:
    lines = [{"text": f"• {text}", "links": [LINK]} for text in texts]
    return {"heading": "#room", "lines": lines, "dedup_key": "k1"}


class Webhook:
    """Keeps messages, as Discord does."""

    def __init__(self) -> None:
        self.messages: dict[str, Any] = {}
        self.failures: list[int] = []
        self.says_nothing = False
        self.is_deleted = False
        self._count = 100
        self.url = ""

    async def post(self, request: Request) -> Response:
        assert request.query_params["wait"] == "true"
        assert request.headers["host"].startswith("discord.com:")
        if self.failures and (status := self.failures.pop(0)):
            return Response(status_code=status)
        self._count += 1
        self.messages[str(self._count)] = await request.json()
        return JSONResponse({} if self.says_nothing else {"id": str(self._count)})

    async def delete(self, request: Request) -> Response:
        if self.is_deleted:
            return JSONResponse({"code": 10_015, "message": "Unknown Webhook"}, 404)
        if self.failures:
            return Response(status_code=self.failures.pop(0))
        gone = self.messages.pop(request.path_params["message"], None)
        unknown = JSONResponse({"code": 10_008, "message": "Unknown Message"}, 404)
        return unknown if gone is None else Response(status_code=204)


@pytest.fixture
async def webhook(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Webhook]:
    webhook = Webhook()
    routes = [
        Route(PATH, webhook.post, methods=["POST"]),
        Route(PATH + "/messages/{message}", webhook.delete, methods=["DELETE"]),
    ]
    async with serving(Starlette(routes=routes)) as url:
        port = int(url.rpartition(":")[2])
        webhook.url = f"http://discord.com:{port}{PATH}"
        lookup = asyncio.get_running_loop().getaddrinfo

        async def resolved(host: object, *more: Any, **options: Any) -> list[Any]:
            if host != "discord.com":
                return await lookup(host, *more, **options)  # type: ignore[arg-type]
            return [(2, 1, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
        yield webhook


async def test_a_text_stands_there_as_a_channel_shows_it_until_it_is_taken_back(
    webhook: Webhook,
) -> None:
    outputs, posted = Outputs(THERE, Discord()), list[str]()
    await outputs.deliver(webhook.url, payload("@everyone: the **kiln** is fixed"), posted)
    (told,) = webhook.messages.values()
    assert told == {
        "content": f"**\\#room**\n• @\u200beveryone: the \\*\\*kiln\\*\\* is fixed [↗](<{LINK}>)",
        "allowed_mentions": {"parse": []},
        "flags": 1 << 2,
    }
    assert posted == [*webhook.messages]
    await outputs.take_back(webhook.url, [*posted, "999"])
    assert webhook.messages == {}


async def test_of_a_long_text_only_what_is_missing_is_sent_again(webhook: Webhook) -> None:
    outputs, posted = Outputs(THERE, Discord()), list[str]()
    text = payload(*("x" * 1_500 for _ in range(3)))
    webhook.failures = [0, 503]
    with pytest.raises(DeliveryError, match="HTTP 503"):
        await outputs.deliver(webhook.url, text, posted)
    assert len(posted) == 1
    await outputs.deliver(webhook.url, text, posted)
    assert posted == [*webhook.messages]
    assert len(posted) == 3


async def test_what_stands_where_the_webhook_is_gone_is_not_taken_back(webhook: Webhook) -> None:
    outputs, posted = Outputs(THERE, Discord()), list[str]()
    await outputs.deliver(webhook.url, payload("x"), posted)
    webhook.failures = [404]  # of whatever stands between
    for webhook.is_deleted in (False, True):
        with pytest.raises(DeliveryError, match="HTTP 404"):
            await outputs.take_back(webhook.url, posted)
    assert posted == [*webhook.messages]


async def test_without_an_id_it_is_not_sent_twice(webhook: Webhook) -> None:
    webhook.says_nothing = True
    with pytest.raises(DeliveryError, match="did not say which") as caught:
        await Outputs(THERE, Discord()).deliver(webhook.url, payload("x"), [])
    assert not caught.value.retryable
    assert len(webhook.messages) == 1


async def test_without_discord_py_it_says_what_to_install(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "zos.bot.posting", None)
    with pytest.raises(DeliveryError, match=r"Install zos\[discord\]"):
        await Outputs(THERE, Discord()).deliver(webhook.url, payload("x"), [])


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"https://discord.com{PATH}", True),
        ("https://canary.discord.com/api/webhooks/5/x/", True),
        (f"https://discord.com.evil{PATH}", False),
        ("https://discord.com/api/webhooks/5/x/github", False),
        ("https://hooks.example/api/webhooks/5/x", False),
    ],
)
def test_which_addresses_are_discords(url: str, expected: bool) -> None:
    assert is_one(httpx.URL(url)) is expected
