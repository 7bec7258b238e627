"""Which names are answered to."""

from __future__ import annotations

import pytest

from zos.access.gate.origins import LOOPBACK_NAMES, allowed_hosts, host_name
from zos.config.model import ApiConfig


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        (ApiConfig(), set()),
        (ApiConfig(host="192.0.2.7"), {"192.0.2.7"}),
        (ApiConfig(host="Zos.example"), {"zos.example"}),
        (ApiConfig(host="0.0.0.0", allowed_hosts=("Zos.example",)), {"zos.example"}),
        (ApiConfig(host="0.0.0.0"), set()),
        (ApiConfig(host="::"), set()),
    ],
)
def test_its_own_address_is_a_name_that_it_answers_to_but_a_wildcard_is_none(
    settings: ApiConfig, more: set[str]
) -> None:
    assert allowed_hosts(settings) == LOOPBACK_NAMES | more


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("zos.example", "zos.example"),
        ("ZOS.example.:443", "zos.example"),
        ("[::1]:8730", "::1"),
        ("[", ""),
        ("", ""),
    ],
)
def test_a_name_is_what_stands_before_the_port(header: str, name: str) -> None:
    assert host_name(header) == name
