"""A bot whose commands work on everything that a service is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from tests.bot.conftest import Living, until
from tests.fakes.discord.interactions import Answer
from tests.fakes.discord.server import LocalDiscord

from zos.bot.bot import ZosBot
from zos.config import Config
from zos.db.engine import Database
from zos.service.discord import bot_services
from zos.service.services import Services, build_services

OPERATOR, ROLE = 11, 500


class Commanded(Living):
    """A bot with commands; `services` are those they work on."""

    services: Services

    def made(self) -> ZosBot:
        services = getattr(self, "services", None)
        if services is None:
            return super().made()
        return ZosBot(self.config, services.ledger, bot_services(services), retry_seconds=0.02)

    @asynccontextmanager
    async def listening(self, **settings: Any) -> AsyncIterator[Commanded]:
        """Run a bot whose operator is member 11 and whoever holds role 500."""
        told = {"operators": frozenset({OPERATOR}), "operator_roles": frozenset({ROLE}), **settings}
        self.config = self.config.model_copy(
            update={"discord": self.config.discord.model_copy(update=told)}
        )
        async with build_services(self.config) as self.services, self.running():
            await self.settled()
            yield self
            await self.services.scheduler.drain(5)

    async def use(self, who: int, command: str, **options: Any) -> Answer:
        return await self.discord.interactions.use(who, command, **options)

    async def until_published(self, times: int) -> None:
        await until(lambda: self.discord.interactions.publishings >= times)


@pytest.fixture
def commanded(discord_server: LocalDiscord, database: Database, config: Config) -> Commanded:
    return Commanded(discord_server, database, config)
