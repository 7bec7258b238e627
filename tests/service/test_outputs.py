"""Outgoing texts: only where the configuration says so."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from zos.config.model import OutputConfig
from zos.core.errors import DeliveryError, LaterDeliveryError
from zos.core.ports import OutputPort
from zos.service.discord import NoBot
from zos.service.outputs import Outputs
from zos.views.health import NO_DISCORD

PAYLOAD: dict[str, object] = {"layer": "nightly", "text": "• a thought", "dedup_key": "k1"}


class Discord:
    """Takes what it is given."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, Mapping[str, object]]] = []

    async def post(self, channel_id: int, payload: Mapping[str, object]) -> None:
        self.taken.append((channel_id, payload))


async def test_a_text_for_the_log_is_logged() -> None:
    port: OutputPort = Outputs(OutputConfig(log=True), Discord().post)
    with capture_logs() as logs:
        await port.deliver("log", PAYLOAD)
    assert logs == [{"event": "output", "log_level": "info", **PAYLOAD}]


async def test_the_log_must_be_switched_on_too() -> None:
    with capture_logs() as logs, pytest.raises(DeliveryError, match=r"output\.log") as caught:
        await Outputs(OutputConfig(), Discord().post).deliver("log", PAYLOAD)
    assert not caught.value.retryable
    assert logs == []


async def test_a_channel_must_be_named_to_be_written_to() -> None:
    discord = Discord()
    outputs = Outputs(OutputConfig(discord_channels=frozenset({5})), discord.post)
    await outputs.deliver("discord:5", PAYLOAD)
    assert discord.taken == [(5, PAYLOAD)]
    with pytest.raises(DeliveryError, match=r"output\.discord_channels") as caught:
        await outputs.deliver("discord:6", PAYLOAD)
    assert not caught.value.retryable
    assert len(discord.taken) == 1


async def test_a_webhook_must_be_named_to_be_posted_to() -> None:
    with pytest.raises(DeliveryError, match=r"output\.webhook_hosts") as caught:
        await Outputs(OutputConfig(), Discord().post).deliver("https://example.org/x", PAYLOAD)
    assert not caught.value.retryable


async def test_without_a_bot_a_text_for_discord_waits() -> None:
    outputs = Outputs(OutputConfig(discord_channels=frozenset({5})), NoBot(NO_DISCORD).post)
    with pytest.raises(LaterDeliveryError, match="no connection to Discord"):
        await outputs.deliver("discord:5", PAYLOAD)
