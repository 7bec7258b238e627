"""A bot on a local Discord and a real store, and the picture of what it stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select
from tests.fakes.discord.server import TOKEN, LocalDiscord, local_discord

from zos.bot.bot import ZosBot
from zos.bot.connection import Connection
from zos.config import Config
from zos.db.engine import Database
from zos.db.tables import message, reaction
from zos.salience.ledger import SalienceLedger
from zos.views.health import DiscordState


class Living:
    """A store on which bots come and go, one at a time."""

    def __init__(self, discord: LocalDiscord, database: Database, config: Config) -> None:
        self.discord = discord
        self.database = database
        self.config = config
        self.bot = self.made()

    def made(self) -> ZosBot:
        ledger = SalienceLedger(self.database, self.config)
        return ZosBot(self.config, ledger, retry_seconds=0.02)

    @asynccontextmanager
    async def running(self, token: str = TOKEN) -> AsyncIterator[ZosBot]:
        """Run a bot for the length of a block; afterwards all that it heard is in the store."""
        self.bot = self.made()
        task = asyncio.create_task(self.bot.start(token))
        try:
            await until(lambda: self.bot.status.state is DiscordState.CONNECTED or task.done())
            yield self.bot
        finally:
            await self.bot.close()
            await asyncio.wait_for(task, 20)

    async def settled(self) -> None:
        """Wait until the bot has heard, fetched and recorded everything there is."""
        for _ in range(2):
            await asyncio.wait_for(self.discord.gateway.ready.wait(), 20)
            for line in self.discord.gateway.lines:
                await line.flushed()
            await asyncio.sleep(0.1)
            await until(lambda: not self.bot.status.catching_up)
            await asyncio.wait_for(self.bot._inbox.settled(), 20)

    async def rows(self, *columns: Any) -> list[tuple[Any, ...]]:
        async with self.database.read() as connection:
            found = await connection.execute(select(*columns).order_by(*columns))
            return [tuple(row) for row in found]

    async def texts(self) -> dict[int, str]:
        return dict(await self.rows(message.c.id, message.c.content))

    async def stands(self) -> set[tuple[int, str, int]]:
        query = select(reaction.c.message_id, reaction.c.emoji, reaction.c.member_id)
        async with self.database.read() as connection:
            rows = await connection.execute(query.where(reaction.c.removed_at.is_(None)))
            return {tuple(row) for row in rows}

    async def assert_texts_true(self) -> None:
        """The store holds exactly the messages that Discord shows."""
        shown = self.discord.world.messages.items()
        assert await self.texts() == {key: one["content"] for key, one in shown}

    async def assert_true(self) -> None:
        """The store holds exactly what Discord shows."""
        await self.assert_texts_true()
        world = self.discord.world
        assert await self.stands() == {
            (number, emoji.partition(":")[2] or emoji, who)
            for number, by_emoji in world.reactions.items()
            for emoji, users in by_emoji.items()
            for who in users
        }


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for something that the loop brings about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - what it waits for has no event
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin new sessions at once: Discord's own servers want five seconds between two."""

    async def hook(_self: Connection, _shard_id: int | None, *, initial: bool = False) -> None:
        assert isinstance(initial, bool)

    monkeypatch.setattr(Connection, "before_identify_hook", hook)


@pytest.fixture
async def discord_server() -> AsyncIterator[LocalDiscord]:
    async with local_discord() as local:
        yield local


@pytest.fixture
def living(discord_server: LocalDiscord, database: Database, config: Config) -> Living:
    return Living(discord_server, database, config)
