"""A small community, a layer, and an executor whose model is a real client of a local server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select
from tests.fakes.model_server import ModelServer, Received, Reply, model_server

from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.clock import SimulatedClock
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.llm.client import ModelClient
from zos.observe.events import Author, ChannelKind, ChannelSeen, Event, MessageCreated, ServerSeen
from zos.observe.recorder import Recorder
from zos.prompts.engine import TemplateEngine
from zos.reflect.executor import LayerExecutor
from zos.reflect.layer import Layer
from zos.reflect.loader import LayerLoader
from zos.salience.ledger import SalienceLedger

SERVER = 1
FREE: Mapping[str, float] = {"input_per_million_usd": 0, "output_per_million_usd": 0}
DEAR: Mapping[str, float] = {"input_per_million_usd": 100, "output_per_million_usd": 100}
LAYER = """
name: nightly
category: channel
max_targets: 500
nodes:
  - {type: fetch_messages}
  - {type: llm_call, prompt: reflect/channel.md.j2, max_tokens: 200}
  - {type: store_insight}
"""
GOOD = Reply({"statements": [{"text": "They talk about beans.", "sources": ["m1", "m2"]}]})


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that happens over real sockets, for ten seconds at most."""
    for _ in range(1_000):
        if await happened():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


def channel(number: int) -> TopicKey:
    """The topic of channel `number`, which is called `#room-<number>`."""
    return TopicKey.channel(SERVER, 1_000 + number)


@dataclass
class Night:
    """What a night needs: stored talk, a layer, and an executor that asks `server`."""

    database: Database
    ledger: SalienceLedger
    clock: SimulatedClock
    server: ModelServer
    layer: Layer
    make_executor: Callable[..., LayerExecutor]

    def answer(self, reply_for: Callable[[str], Reply]) -> None:
        """Let the model answer by the text that it is shown."""

        def choose(received: Received) -> Reply:
            return reply_for(received.text)

        self.server.default = choose

    async def talk(self, channels: int, *, messages: int = 3) -> list[str]:
        """Let two people talk in so many channels; return the channels' topics."""
        await self.record(_talk(channels, messages, self.clock.now()))
        self.clock.move_to(self.clock.now() + timedelta(hours=1))
        return [str(channel(number)) for number in range(channels)]

    async def record(self, events: Sequence[Event]) -> None:
        """Record what happened."""
        config = self.ledger.config
        recorder = Recorder(
            self.database,
            self.ledger,
            ConsentStore(self.database, config),
            config,
            clock=self.clock,
        )
        await recorder.record(events)

    async def rows(self, table: Table) -> list[Any]:
        """Return all rows of a table."""
        async with self.database.read() as connection:
            return list((await connection.execute(select(table))).all())

    async def count(self, table: Table) -> int:
        """Return how many rows a table has."""
        async with self.database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(table)) or 0


def _talk(channels: int, messages: int, start: datetime) -> list[Event]:
    people = [Author(11, "ada", "Ada"), Author(12, "bo", "Bo")]
    events: list[Event] = [ServerSeen(SERVER, "Garden", start)]
    for number in range(channels):
        place = 1_000 + number
        events.append(ChannelSeen(place, SERVER, f"room-{number}", ChannelKind.TEXT, start))
        events += [
            MessageCreated(
                id=place * 1_000 + index,
                server_id=SERVER,
                channel_id=place,
                author=people[index % 2],
                created_at=start + timedelta(seconds=index),
                content=f"beans {index} grow in room-{number}.",
            )
            for index in range(messages)
        ]
    return events


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with model_server() as running:
        running.default = GOOD
        yield running


@pytest.fixture
async def night(
    database: Database, config: Config, clock: SimulatedClock, server: ModelServer
) -> AsyncIterator[Night]:
    clients: list[ModelClient] = []
    ledgers = SalienceLedger(database, _asking(config, server))

    def make_executor(price: Mapping[str, float] = FREE, **reflect: Any) -> LayerExecutor:
        chosen = _asking(config, server, price, **{"retry_backoff_seconds": 0, **reflect})
        clients.append(ModelClient(chosen, db=database, clock=clock))
        templates = TemplateEngine(None, config.data_dir / "self-concept.md")
        ledger = SalienceLedger(database, chosen)
        return LayerExecutor(database, ledger, templates, clients[-1], chosen, clock=clock)

    yield Night(database, ledgers, clock, server, LayerLoader(None).parse(LAYER), make_executor)
    for client in clients:
        await client.close()


def _asking(
    config: Config, server: ModelServer, price: Mapping[str, float] = FREE, **reflect: Any
) -> Config:
    profile = {
        "provider": "openai",
        "model": "local",
        "base_url": server.base_url("openai"),
        "api_key": "k",
        "price": price,
        "sdk_retries": 0,
        "output_retries": 0,
    }
    values = config.model_dump()
    return Config.model_validate(
        {
            **values,
            "models": {"profiles": {"default": profile}},
            "reflect": {**values["reflect"], **reflect},
        }
    )
