"""A stage for the scheduler: stored talk, layers in a folder, a real executor, a model on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import Table, select
from tests.fakes.model_server import ModelServer, Reply, model_server
from tests.scheduler.layers import definition

from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.clock import Clock, SimulatedClock, SystemClock
from zos.core.topics import TopicKey
from zos.db.engine import Database, job_store_url
from zos.db.tables import layer_run
from zos.llm.client import ModelClient
from zos.observe.events import Author, ChannelKind, ChannelSeen, Event, MessageCreated, ServerSeen
from zos.observe.recorder import Recorder
from zos.prompts.engine import TemplateEngine
from zos.reflect.executor import LayerExecutor
from zos.reflect.loader import LayerLoader
from zos.reflect.runs.model import LayerRun
from zos.reflect.runs.store import as_run
from zos.reflect.states import RunStatus
from zos.salience.ledger import SalienceLedger
from zos.salience.selector import ReflectionSelector
from zos.scheduler import ReflectionScheduler

SERVER = 1
GOOD = Reply({"statements": [{"text": "They talk about beans.", "sources": ["m1", "m2"]}]})


async def until(happened: Callable[[], Awaitable[bool]], seconds: float = 10) -> None:
    """Wait for something that happens over real sockets and timers."""
    async with asyncio.timeout(seconds):
        while not await happened():  # noqa: ASYNC110 - there is no event to wait for
            await asyncio.sleep(0.02)


def channel(number: int) -> str:
    """The topic of channel `number`."""
    return str(TopicKey.channel(SERVER, 1_000 + number))


@dataclass
class Stage:
    """Everything that a scheduler is made of, and what it leaves behind.

    Attributes:
        layers_dir: The operator's folder of layers.
        clock: Simulated until `real_time` is called.
    """

    config: Config
    database: Database
    server: ModelServer
    layers_dir: Path
    clock: Clock
    _clients: list[ModelClient] = field(default_factory=list)

    def write(self, name: str = "nightly", **fields: Any) -> None:
        """Write a layer's file."""
        text = yaml.safe_dump(definition(name, **fields))
        (self.layers_dir / f"{name}.yaml").write_text(text)

    def scheduler(self, **settings: Any) -> ReflectionScheduler:
        """Build a scheduler on the stage, with keys of `scheduler:` as keywords."""
        config = self.with_settings(**settings)
        executor = self.executor(config)
        selector = ReflectionSelector(SalienceLedger(self.database, config), config)
        url = job_store_url(config).render_as_string(hide_password=False)
        return ReflectionScheduler(url, executor, self.loader(), selector, config)

    def with_settings(self, **settings: Any) -> Config:
        """The configuration with keys of `scheduler:` changed."""
        scheduler = self.config.scheduler.model_copy(update=settings)
        return self.config.model_copy(update={"scheduler": scheduler})

    def executor(self, config: Config) -> LayerExecutor:
        """Build an executor that asks the model on loopback."""
        client = ModelClient(config, db=self.database, clock=self.clock)
        self._clients.append(client)
        ledger = SalienceLedger(self.database, config)
        templates = TemplateEngine(None, config.data_dir / "self-concept.md")
        return LayerExecutor(self.database, ledger, templates, client, config, clock=self.clock)

    def loader(self) -> LayerLoader:
        """Build a loader of the shipped layers and those of the folder."""
        return LayerLoader(self.layers_dir)

    async def talk(self, channels: int = 1, at: datetime | None = None) -> list[str]:
        """Let two people talk in so many channels; return the channels' topics."""
        start = at or self.clock.now() - timedelta(hours=1)
        consents = ConsentStore(self.database, self.config)
        ledger = SalienceLedger(self.database, self.config)
        recorder = Recorder(self.database, ledger, consents, self.config, clock=self.clock)
        await recorder.record(_talk(channels, start))
        return [channel(number) for number in range(channels)]

    async def runs(self, layer: str = "nightly") -> list[LayerRun]:
        """Return all rows of a layer's runs and outcomes, oldest slot first."""
        query = select(layer_run).where(layer_run.c.layer == layer)
        async with self.database.read() as connection:
            found = [as_run(row) for row in await connection.execute(query)]
        return sorted(found, key=lambda run: run.slot or run.created_at)

    async def rows(self, table: Table) -> list[Any]:
        """Return all rows of a table."""
        async with self.database.read() as connection:
            return list((await connection.execute(select(table))).all())

    async def until_ended(
        self, count: int = 1, layer: str = "nightly", *, seconds: float = 10
    ) -> list[LayerRun]:
        """Wait until so many rows of a layer are final, and return all of them."""

        async def ended() -> bool:
            return sum(run.status.is_final for run in await self.runs(layer)) >= count

        await until(ended, seconds)
        return await self.runs(layer)

    async def until_running(self, layer: str = "nightly") -> LayerRun:
        """Wait until a layer runs and its model has been asked, and return the run."""

        async def running() -> bool:
            asked = bool(self.server.requests)
            states = [run.status for run in await self.runs(layer)]
            return asked and RunStatus.RUNNING in states

        await until(running)
        return next(run for run in await self.runs(layer) if run.status is RunStatus.RUNNING)

    def sleep(self, length: timedelta) -> None:
        """Let simulated time pass."""
        assert isinstance(self.clock, SimulatedClock)
        self.clock.move_to(self.clock.now() + length)

    def real_time(self) -> None:
        """Go by the machine's clock from now on."""
        self.clock = SystemClock()

    async def close(self) -> None:
        """Close the models' clients."""
        for client in self._clients:
            await client.close()


def _talk(channels: int, start: datetime) -> Sequence[Event]:
    people = [Author(11, "ada", "Ada"), Author(12, "bo", "Bo")]
    events: list[Event] = [ServerSeen(SERVER, "Garden", start)]
    first = int(start.timestamp()) * 1_000
    for number in range(channels):
        place = 1_000 + number
        events.append(ChannelSeen(place, SERVER, f"room-{number}", ChannelKind.TEXT, start))
        events += [
            MessageCreated(
                id=first + number * 10 + index,
                server_id=SERVER,
                channel_id=place,
                author=people[index % 2],
                created_at=start + timedelta(seconds=index),
                content=f"beans {index} grow in room-{number}.",
            )
            for index in range(3)
        ]
    return events


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with model_server() as running:
        running.default = GOOD
        yield running


@pytest.fixture
async def stage(
    database: Database, config: Config, clock: SimulatedClock, server: ModelServer, tmp_path: Path
) -> AsyncIterator[Stage]:
    """A stage on each database in turn."""
    layers_dir = tmp_path / "layers"
    layers_dir.mkdir()
    made = Stage(_asking(config, server, layers_dir), database, server, layers_dir, clock)
    yield made
    await made.close()


@pytest.fixture
async def offline(
    database: Database, config: Config, clock: SimulatedClock, server: ModelServer, tmp_path: Path
) -> AsyncIterator[Stage]:
    """A stage whose model is the offline digest, and where everybody has consented."""
    layers_dir = tmp_path / "layers"
    layers_dir.mkdir()
    values = config.model_dump()
    chosen = Config.model_validate(
        {
            **values,
            "reflect": {**values["reflect"], "layers_dir": layers_dir},
            "privacy": {**values["privacy"], "consent": "opt_out"},
        }
    )
    made = Stage(chosen, database, server, layers_dir, clock)
    yield made
    await made.close()


def _asking(config: Config, server: ModelServer, layers_dir: Path) -> Config:
    profile = {
        "provider": "openai",
        "model": "local",
        "base_url": server.base_url("openai"),
        "api_key": "k",
        "price": {"input_per_million_usd": 0, "output_per_million_usd": 0},
        "sdk_retries": 0,
        "output_retries": 0,
    }
    values = config.model_dump()
    reflect = {"layers_dir": layers_dir, "retry_backoff_seconds": 0}
    return Config.model_validate(
        {
            **values,
            "models": {"profiles": {"default": profile}},
            "reflect": {**values["reflect"], **reflect},
        }
    )
