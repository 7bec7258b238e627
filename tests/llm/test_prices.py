from __future__ import annotations

import sys

import pytest

from zos.config.model import ModelPrice, ModelProfile
from zos.core.errors import PriceUnknownError
from zos.llm.prices import TokenCount, cost_microusd

MILLION = TokenCount(1_000_000, 1_000_000)


def profile(provider: str, model: str, **fields: object) -> ModelProfile:
    return ModelProfile.model_validate({"provider": provider, "model": model, **fields})


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "gpt-4o-mini"), ("anthropic", "claude-haiku-4-5"), ("google", "gemini-2.5-flash")],
)
def test_known_models_have_a_listed_price(provider: str, model: str) -> None:
    cost = cost_microusd(profile(provider, model), MILLION)
    assert 100_000 < cost < 100_000_000
    cached = TokenCount(1_000_000, 1_000_000, cache_read=1_000_000)
    assert cost_microusd(profile(provider, model), cached) < cost


def test_writing_to_a_providers_cache_costs_more() -> None:
    model = profile("anthropic", "claude-haiku-4-5")
    assert cost_microusd(model, TokenCount(1000, 0, cache_write=1000)) > cost_microusd(
        model, TokenCount(1000, 0)
    )


def test_a_configured_price_wins_and_is_rounded_up() -> None:
    price = ModelPrice(input_per_million_usd=0.15, output_per_million_usd=0.6)
    model = profile("openai", "gpt-4o-mini", price=price)
    assert cost_microusd(model, MILLION) == 750_000
    assert cost_microusd(model, TokenCount(1, 0)) == 1
    assert cost_microusd(model, TokenCount(20, 5)) == 6


@pytest.mark.parametrize(
    "unknown",
    [
        profile("openai", "no-such-model-at-all"),
        profile("openai", "gpt-4o-mini", base_url="http://user:pass@localhost:11434/v1"),
    ],
)
def test_an_unknown_price_is_an_error_that_says_what_to_set(unknown: ModelProfile) -> None:
    with pytest.raises(PriceUnknownError, match="is not known") as caught:
        cost_microusd(unknown, MILLION)
    assert "price" in caught.value.hint
    assert "pass" not in str(caught.value)


def test_a_router_is_priced_by_its_address() -> None:
    router = profile("openai", "openai/gpt-4o-mini", base_url="https://openrouter.ai/api/v1")
    assert cost_microusd(router, MILLION) > 0


def test_without_the_price_list_only_configured_prices_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    with pytest.raises(PriceUnknownError):
        cost_microusd(profile("openai", "gpt-4o-mini"), MILLION)
