"""The service and the command line as real processes, on a folder with a conversation of the last hours."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.fakes.model_server import ModelServer, Reply, model_server
from tests.recent_chat import channel_key, write_chat, write_consents

CHANNELS = tuple(range(101, 141))
LAYER = """\
name: {name}
category: channel
{more}
max_targets: 200
nodes:
  - type: fetch_messages
  - type: llm_call
    prompt: reflect/channel.md.j2
  - type: store_insight
"""
ONLINE = """\
models:
  profiles:
    default:
      provider: openai
      model: small
      base_url: {url}
      api_key: not-a-real-key
      price: {{input_per_million_usd: 1, output_per_million_usd: 1}}
"""
LIMIT_SECONDS = 60


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Place:
    """A working folder with `zos.yaml`, where commands run as processes."""

    folder: Path
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.folder / "data" / "zos.db"

    @property
    def runtime_file(self) -> Path:
        return self.folder / "data" / "zos.db.runtime.json"

    def configure(self, more: str = "", *, api: str = "{port: 0}") -> None:
        # As ample a budget as the tests have topics.
        budget = "salience: {budget: {total: 100000}}\n"
        text = f"data_dir: data\napi: {api}\n{budget}{more}"
        (self.folder / "zos.yaml").write_text(text)

    def write_layer(self, name: str, more: str = "schedule: 0 3 * * *") -> None:
        (self.folder / "layers").mkdir(exist_ok=True)
        (self.folder / "layers" / f"{name}.yaml").write_text(LAYER.format(name=name, more=more))

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        environ = {key: value for key, value in os.environ.items() if not key.startswith("ZOS_")}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "zos", *arguments),
            cwd=self.folder,
            env=environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        self.processes.append(process)
        return process

    async def run(self, *arguments: str) -> Ended:
        return await ended(await self.start(*arguments))

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as connection:
            return connection.execute(query, values).fetchall()

    def change(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(statement, values)


async def ended(process: asyncio.subprocess.Process) -> Ended:
    """Wait for a process and return what it said."""
    out, err = await asyncio.wait_for(process.communicate(), LIMIT_SECONDS)
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that another process does."""
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            while not condition():  # noqa: ASYNC110 - another process sets no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        pytest.fail(f"it never came about that {what}")


class Service:
    """A service at work."""

    def __init__(self, place: Place, process: asyncio.subprocess.Process) -> None:
        self.place = place
        self.process = process
        self.described: Mapping[str, Any] = json.loads(place.runtime_file.read_text())
        self.url: str = self.described["url"]

    def client(self) -> httpx.AsyncClient:
        token = (self.place.folder / "data" / "token").read_text().strip()
        bearer = {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=f"{self.url}/api/v1", headers=bearer, trust_env=False)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        self.process.send_signal(number)
        return await ended(self.process)

    async def kill(self) -> None:
        self.process.kill()
        await self.process.communicate()


async def serve(place: Place) -> Service:
    """Start a service, and return once it answers."""
    place.runtime_file.unlink(missing_ok=True)
    process = await place.start("serve")
    await until(
        lambda: process.returncode is not None or place.runtime_file.exists(),
        "the service answers or gives up",
    )
    assert process.returncode is None, (await ended(process)).err
    return Service(place, process)


@pytest.fixture(scope="session")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose store holds the conversation, booked."""
    return asyncio.run(_imported(tmp_path_factory.mktemp("imported")))


async def _imported(folder: Path) -> Path:
    place, now = Place(folder), datetime.now(UTC)
    place.configure()
    exports = write_chat(folder, now, channels=CHANNELS)
    consents = write_consents(folder, now)
    done = await place.run("import", "--book", "--consent", str(consents), str(exports))
    assert done.code == 0, done.err
    return folder


@pytest.fixture
async def place(tmp_path: Path, imported: Path) -> AsyncIterator[Place]:
    """A folder of the test's own with that conversation and a layer `nightly`; no process outlives it."""
    shutil.copytree(imported / "data", tmp_path / "data")
    made = Place(tmp_path)
    made.configure()
    made.write_layer("nightly")
    yield made
    for process in made.processes:
        if process.returncode is None:
            process.kill()
            await process.communicate()


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    """A model that answers every question with one statement, after a while."""
    async with model_server() as server:
        statement = {"text": "They fired the kiln.", "sources": ["m1"]}
        server.default = Reply({"statements": [statement]}, delay_seconds=0.2)
        yield server


def topics(channels: int = 1) -> list[str]:
    """Return `--topic` options for so many channels."""
    return [part for one in CHANNELS[:channels] for part in ("--topic", channel_key(one))]
