from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from tests.fakes.model_server import ModelServer, Reply
from tests.llm.conftest import (
    ASKABLE,
    DEAR,
    KEY,
    NOON,
    MakeClient,
    MakeRequest,
    about,
    reflection,
)

from zos.config import Config
from zos.core.clock import SimulatedClock
from zos.core.errors import ModelError
from zos.db.engine import Database
from zos.llm.client import ModelClient
from zos.llm.output import SelfConcept

WINDOW = about(
    ("ada", "I lost 14 kale plants to slugs on Monday"),
    ("bo", "slugs ate everything here as well"),
    ("ada", "copper tape helps"),
)


@pytest.fixture
def offline(make_config: Callable[..., Config]) -> ModelClient:
    return ModelClient(make_config())


async def test_without_a_key_the_digest_answers(
    offline: ModelClient, make_request: MakeRequest
) -> None:
    answer = await offline.ask(make_request(WINDOW))
    assert answer.extractive
    assert answer.output is not None
    assert any("slugs" in statement.text for statement in answer.output.statements)
    assert answer.usage.tokens_in == offline.estimate(make_request(WINDOW)).tokens_in
    assert answer.usage.tokens_out > 0
    assert (answer.usage.requests, answer.usage.cost_microusd) == (0, 0)


async def test_the_digest_says_why_it_is_dry(
    offline: ModelClient, make_request: MakeRequest
) -> None:
    answer = await offline.ask(make_request(about()))
    assert (answer.output, answer.dry_reason) == (None, "the window is empty")
    assert answer.usage.tokens_in > 0


async def test_the_digest_leaves_the_self_concept(
    offline: ModelClient, make_request: MakeRequest
) -> None:
    answer = await offline.ask(make_request(WINDOW, output=SelfConcept))
    assert answer.output is None
    assert "leaves the self-concept as it is" in answer.dry_reason


async def test_the_digest_fills_no_other_form(
    offline: ModelClient, make_request: MakeRequest
) -> None:
    class Poem(BaseModel):
        lines: list[str]

    with pytest.raises(ModelError, match="cannot answer in the form Poem"):
        await offline.ask(make_request(WINDOW, output=Poem))


def test_a_profile_that_is_not_configured_is_the_default(
    make_config: Callable[..., Config],
) -> None:
    profiles = {"default": {}, "synthesis": {"provider": "openai", "model": "gpt-4o-mini"}}
    client = ModelClient(make_config(models={"profiles": profiles}))
    assert client.profile("synthesis").model == "gpt-4o-mini"
    assert client.profile("reflection") is client.profile("default")


async def test_each_profile_asks_its_own_model(
    make_config: Callable[..., Config], server: ModelServer, make_request: MakeRequest
) -> None:
    free = {"input_per_million_usd": 0, "output_per_million_usd": 0}
    url = server.base_url("openai")
    profiles = {
        "default": {},
        "deep": {"provider": "openai", "model": "large", "base_url": url, "price": free},
    }
    config = make_config(models={"profiles": profiles})
    server.default = Reply(reflection())
    client = ModelClient(config)
    assert (await client.ask(make_request(WINDOW))).extractive
    assert not (await client.ask(make_request(WINDOW, profile="deep"))).extractive
    assert [sent.model for sent in server.requests] == ["large"]
    assert server.requests[0].headers["authorization"] == "Bearer none"
    await client.close()


def test_an_estimate_is_what_the_call_may_cost(
    make_client: MakeClient, make_request: MakeRequest
) -> None:
    client = make_client(price=DEAR, max_tokens=1000)
    short, long = (client.estimate(make_request(prompt="x" * length)) for length in (400, 4_400))
    assert long.tokens_in - short.tokens_in == 1_000
    assert short.tokens_out == 1000
    assert client.estimate(make_request(max_tokens=50)).tokens_out == 50
    assert long.cost_usd == pytest.approx((long.tokens_in + 10_000) / 1_000_000)


def test_the_offline_model_costs_nothing(offline: ModelClient, make_request: MakeRequest) -> None:
    assert offline.estimate(make_request()).cost_usd == 0.0


@pytest.mark.parametrize("missing", ["pydantic_ai.models", "pydantic_ai.models.{}"])
async def test_a_missing_library_is_one_sentence_with_its_remedy(
    missing: str,
    provider: str,
    make_client: MakeClient,
    make_request: MakeRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, missing.format(provider), None)
    with pytest.raises(ModelError) as caught:
        await make_client(provider).ask(make_request())
    assert str(caught.value) == (
        f"The library for {provider} models is not installed. Run: pip install 'zos[{provider}]'"
    )


async def test_a_missing_key_is_named_and_none_is_taken_from_elsewhere(
    provider: str,
    make_config: Callable[..., Config],
    make_request: MakeRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(name, KEY)
    profile = {"provider": provider, "model": ASKABLE[provider]}
    client = ModelClient(make_config(models={"profiles": {"default": profile}}))
    with pytest.raises(ModelError, match="has no API key"):
        await client.ask(make_request())


async def test_a_key_that_cannot_be_one_is_not_shown(
    make_client: MakeClient, make_request: MakeRequest
) -> None:
    with pytest.raises(ModelError, match="characters that no key has") as caught:
        await make_client(api_key="sk-„wrong”-0123").ask(make_request())
    assert "wrong" not in str(caught.value)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(reflection()),
        Reply(status=401, echo=f"Incorrect key: {KEY}", headers={"x-echo": KEY}),
        Reply(status=500, echo=KEY),
        Reply(page=f"<p>{KEY}</p>"),
        Reply(text=KEY),
        Reply(drop=True),
    ],
    ids=["answer", "401", "500", "page", "text", "drop"],
)
async def test_the_key_is_sent_and_stands_nowhere_else(
    *,
    reply: Reply,
    provider: str,
    server: ModelServer,
    make_client: MakeClient,
    make_request: MakeRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="zos")
    caplog.set_level(logging.INFO)  # other libraries' details are never logged: zos.config.logging
    server.default = reply
    client = make_client(provider, sdk_retries=0, output_retries=0)
    shown: list[str] = []
    try:
        shown.append(repr(await client.ask(make_request())))
    except ModelError as error:
        shown += [repr(error), *traceback.format_exception(error)]
    assert KEY in str(server.requests[0].headers)
    shown += [caplog.text, repr(client), repr(vars(client)), repr(client.profile("default"))]
    assert KEY not in "".join(shown)


async def test_a_client_without_a_store_opens_the_configured_one_for_paid_calls(
    server: ModelServer, make_client: MakeClient, make_request: MakeRequest, tmp_path: Any
) -> None:
    server.default = Reply(reflection())
    client = make_client(price=DEAR)
    await client.ask(make_request())
    assert await client.sweep() == 0
    await client.close()
    assert (tmp_path / "data" / "zos.db").exists()
    await client.close()


async def test_a_client_leaves_a_store_open_that_it_was_given(
    make_config: Callable[..., Config], database: Database, make_request: MakeRequest
) -> None:
    client = ModelClient(make_config(), db=database, clock=SimulatedClock(NOON))
    await client.ask(make_request())
    await client.close()
    async with database.read() as connection:
        assert connection is not None
