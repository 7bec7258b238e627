"""Nothing leaves that the configuration does not name."""

from __future__ import annotations

import pytest
from tests.scheduler.layers import NODES, layer

from zos.config.model import OutputConfig
from zos.core.errors import DeliveryError
from zos.reflect.destinations import insist_allowed, named, withheld

HOOK = "https://hooks.example/x"
EVERYTHING = OutputConfig(
    log=True, discord_channels=frozenset({5}), webhook_hosts=frozenset({"hooks.example"})
)


@pytest.mark.parametrize(
    ("destination", "key"),
    [
        ("log", "output.log"),
        ("discord:5", "output.discord_channels"),
        (HOOK, "output.webhook_hosts"),
    ],
)
def test_every_destination_is_off_until_its_key_is_set(destination: str, key: str) -> None:
    with pytest.raises(DeliveryError) as caught:
        insist_allowed(destination, OutputConfig())
    assert key in caught.value.hint
    assert not caught.value.retryable
    insist_allowed(destination, EVERYTHING)


IMPOSSIBLE = (
    "http://a..b/",
    f"http://{'a' * 64}.example/",
    "http://hooks.example:99999/",
    "http://xn--a/",
    "http://x:port/",
)


@pytest.mark.parametrize("address", IMPOSSIBLE)
def test_what_could_never_be_connected_to_is_refused(address: str) -> None:
    with pytest.raises(DeliveryError, match="not valid") as caught:
        insist_allowed(address, OutputConfig(webhook_hosts=frozenset({"a..b", "hooks.example"})))
    assert not caught.value.retryable
    assert named(address) == "an address that is not valid"
    sending = layer(nodes=[*NODES, {"type": "output", "destination": address}])
    assert ["not valid" in str(one) for one in withheld(sending, EVERYTHING)] == [True]


@pytest.mark.parametrize(
    "url", ["https://hooks.example.evil/", "https://hooks.example@evil/", "http://[", "https://?"]
)
def test_a_host_is_what_would_be_connected_to(url: str) -> None:
    with pytest.raises(DeliveryError):
        insist_allowed(url, EVERYTHING)


def test_logs_are_told_no_path_of_a_webhook() -> None:
    assert [named(one) for one in ("log", "discord:5", HOOK, "https://x:port/")] == [
        "log",
        "discord:5",
        "hooks.example",
        "an address that is not valid",
    ]


def test_a_layers_nodes_are_told_that_would_send_in_vain() -> None:
    outputs = [{"type": "output", "destination": one} for one in ("log", "discord:5", HOOK)]
    for number, node in enumerate(outputs):
        node["name"] = f"out-{number}"
    sending = layer(nodes=[*NODES, *outputs])
    assert [one.hint.split()[-4:] for one in withheld(sending, OutputConfig(log=True))] == [
        ["output.discord_channels", "if", "it", "should."],
        ["output.webhook_hosts", "if", "it", "should."],
    ]
    assert [*withheld(sending, EVERYTHING)] == []
    assert [*withheld(layer(), OutputConfig())] == []
