"""Which names the application answers to."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from tests.api.conftest import Api
from tests.api.serving import serving

from zos.api.app import create_app
from zos.config.model import ApiConfig


@pytest.mark.parametrize(
    ("settings", "host", "status"),
    [
        (ApiConfig(), "192.0.2.7", 421),
        (ApiConfig(host="192.0.2.7"), "192.0.2.7", 200),
        (ApiConfig(host="zos.example"), "zos.example", 200),
        (ApiConfig(host="0.0.0.0", allowed_hosts=("zos.example",)), "zos.example", 200),
        (ApiConfig(host="0.0.0.0"), "0.0.0.0", 421),
        (ApiConfig(host="::"), "[::]", 421),
        (ApiConfig(host="::"), "localhost", 200),
    ],
)
async def test_its_own_address_is_a_name_that_it_answers_to_but_a_wildcard_is_none(
    api: Api, settings: ApiConfig, host: str, status: int
) -> None:
    async with (
        serving(create_app(replace(api.parts, settings=settings))) as url,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        answer = await http.get(f"{url}/healthz", headers={"Host": host})
    assert answer.status_code == status
