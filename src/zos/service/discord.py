"""The bot of a running service, or what stands in its place where there is none.

In: the services. Out: something that can be started, asked and closed, whether or not there is a token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import structlog

from zos.access.files import beside_database
from zos.bot.services import BotServices
from zos.core.errors import LaterDeliveryError
from zos.service.services import Services
from zos.views.costs import CostsView
from zos.views.health import DiscordState, DiscordStatus

if TYPE_CHECKING:
    from pydantic import SecretStr

log = structlog.get_logger(__name__)

NOT_INSTALLED = (
    "discord.token is set, but discord.py is not installed. Install zos[discord], and start again."
)


class DiscordBot(Protocol):
    """The connection to Discord."""

    @property
    def status(self) -> DiscordStatus:
        """How the connection stands now."""
        ...

    async def start(self, token: SecretStr | str | None) -> None:
        """Connect and observe until `close` is called or Discord refuses."""
        ...

    async def close(self) -> None:
        """Ask `start` to come to its end."""
        ...

    async def post(self, channel_id: int, payload: Mapping[str, object], posted: list[str]) -> None:
        """Write a text to a channel; `posted`: ids of what stands there of it, it adds the rest.

        Raises:
            DeliveryError: If it was not written.
        """
        ...

    async def take_back(self, channel_id: int, posted: Sequence[str]) -> None:
        """Delete what was posted.

        Raises:
            DeliveryError: If not all of it was deleted.
        """
        ...


@dataclass(frozen=True, slots=True)
class NoBot:
    """No bot at all."""

    status: DiscordStatus

    async def start(self, _token: SecretStr | str | None) -> None:
        """Do nothing."""

    async def close(self) -> None:
        """Do nothing."""

    async def post(
        self, _channel_id: int, _payload: Mapping[str, object], _posted: list[str]
    ) -> None:
        """Refuse, for now."""
        raise LaterDeliveryError("There is no connection to Discord.")

    async def take_back(self, _channel_id: int, _posted: Sequence[str]) -> None:
        """Refuse, for now."""
        raise LaterDeliveryError("There is no connection to Discord.")


def discord_bot(services: Services) -> DiscordBot:
    """Return the bot that the configuration asks for; discord.py is loaded only where there is a token."""
    if services.config.discord.token is None:
        return NoBot(DiscordStatus(DiscordState.OFF))
    try:
        from zos.bot.bot import ZosBot
    except ModuleNotFoundError:
        log.error("discord_refused", reason=NOT_INSTALLED)
        return NoBot(DiscordStatus(DiscordState.DISCONNECTED, NOT_INSTALLED))
    return ZosBot(services.config, services.ledger, bot_services(services), clock=services.clock)


def bot_services(services: Services) -> BotServices:
    """Return what slash commands need."""
    return BotServices(
        settings=services.config.discord,
        clock=services.clock,
        jobs=services.jobs,
        runs=services.runs,
        costs=CostsView(services.database, services.config),
        health=services.health,
        members=services.members,
        layers=lambda: tuple(services.loader.sources),
        control=services.scheduler,
        is_scheduling=lambda: services.scheduler.is_running,
        audit=services.audit,
        published=beside_database(services.config, ".discord-commands"),
    )
