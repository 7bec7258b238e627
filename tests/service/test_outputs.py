"""Outgoing texts: only where the configuration says so, and back from where they can be deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    """Takes what it is given, and gives it back."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, Mapping[str, object]]] = []

    async def post(self, channel_id: int, payload: Mapping[str, object], posted: list[str]) -> None:
        self.taken.append((channel_id, payload))
        posted.append(str(len(self.taken)))

    async def take_back(self, channel_id: int, posted: Sequence[str]) -> None:
        assert {channel_id} == {taken[0] for taken in self.taken}
        for one in posted:
            del self.taken[int(one) - 1]


async def test_a_text_for_the_log_is_logged_and_stays_there() -> None:
    port: OutputPort = Outputs(OutputConfig(log=True), Discord())
    posted: list[str] = []
    with capture_logs() as logs:
        await port.deliver("log", PAYLOAD, posted)
    assert logs == [{"event": "output", "log_level": "info", **PAYLOAD}]
    assert posted == []


async def test_the_log_must_be_switched_on_too() -> None:
    with capture_logs() as logs, pytest.raises(DeliveryError, match=r"output\.log") as caught:
        await Outputs(OutputConfig(), Discord()).deliver("log", PAYLOAD, [])
    assert not caught.value.retryable
    assert logs == []


async def test_a_channel_must_be_named_to_be_written_to_but_not_to_be_cleared() -> None:
    discord, posted = Discord(), list[str]()
    outputs = Outputs(OutputConfig(discord_channels=frozenset({5})), discord)
    await outputs.deliver("discord:5", PAYLOAD, posted)
    assert discord.taken == [(5, PAYLOAD)]
    with pytest.raises(DeliveryError, match=r"output\.discord_channels") as caught:
        await outputs.deliver("discord:6", PAYLOAD, [])
    assert not caught.value.retryable
    assert len(discord.taken) == 1
    await Outputs(OutputConfig(), discord).take_back("discord:5", posted)
    assert discord.taken == []


async def test_a_webhook_must_be_named_to_be_posted_to() -> None:
    with pytest.raises(DeliveryError, match=r"output\.webhook_hosts") as caught:
        await Outputs(OutputConfig(), Discord()).deliver("https://example.org/x", PAYLOAD, [])
    assert not caught.value.retryable


async def test_without_a_bot_texts_for_discord_wait() -> None:
    outputs = Outputs(OutputConfig(discord_channels=frozenset({5})), NoBot(NO_DISCORD))
    with pytest.raises(LaterDeliveryError, match="no connection to Discord"):
        await outputs.deliver("discord:5", PAYLOAD, [])
    with pytest.raises(LaterDeliveryError, match="no connection to Discord"):
        await outputs.take_back("discord:5", ["1"])
