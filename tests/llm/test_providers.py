from __future__ import annotations

import pytest
from tests.llm.conftest import ASKABLE, KEY

from zos.config.model import ModelProfile
from zos.llm.providers import Providers, RequestCount, counting

OWN_ADDRESS = {
    "openai": "https://api.openai.com/v1/",
    "anthropic": "https://api.anthropic.com",
    "google": "https://generativelanguage.googleapis.com/",
}


def profile(provider: str, **fields: object) -> ModelProfile:
    values = {"provider": provider, "model": ASKABLE[provider], "api_key": f" {KEY}\n", **fields}
    return ModelProfile.model_validate(values)


async def test_without_a_base_url_the_providers_own_server_is_asked(provider: str) -> None:
    providers = Providers()
    model = await providers.model(profile(provider))
    assert model.base_url == OWN_ADDRESS[provider]
    await providers.close()


async def test_a_profile_has_one_model_and_another_profile_another() -> None:
    providers = Providers()
    first = await providers.model(profile("openai"))
    assert await providers.model(profile("openai")) is first
    assert await providers.model(profile("openai", model="gpt-4o")) is not first
    await providers.close()
    assert await providers.model(profile("openai")) is not first, "closing lets go of all"
    await providers.close()


@pytest.mark.parametrize(
    ("status", "turned_away"), [(None, False), (200, False), (429, True), (500, True)]
)
def test_a_request_under_way_or_answered_may_cost(status: int | None, turned_away: bool) -> None:
    assert RequestCount(1, status).is_turned_away is turned_away


def test_counts_nest() -> None:
    with counting() as outer:
        with counting() as inner:
            assert inner is not outer
        assert outer.sent == 0
