"""Zos as its operator has it: a folder with a configuration, real processes, real signals, a model on loopback."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

import httpx
import pytest
import structlog
import yaml
from click.testing import CliRunner
from sqlalchemy import Table, select
from tests.fakes.discord.server import LocalDiscord
from tests.fakes.model_server import ModelServer, Reply, model_server
from tests.recent_chat import channel_key, write_chat, write_consents
from tests.scheduler.layers import definition

from zos.access.runtime import RunningService, find_service, runtime_path
from zos.access.token import read_token
from zos.cli.app import cli
from zos.config import Config
from zos.consent.file import read_consent_file
from zos.db.engine import Database
from zos.db.tables import layer_run
from zos.observe.importer import Importer
from zos.reflect.runs.model import LayerRun
from zos.reflect.runs.store import as_run
from zos.service.services import build_services

FIRST_CHANNEL = 1_000
CHANNELS = 40
GOOD = Reply({"statements": [{"text": "They talk about kilns.", "sources": ["m1", "m2"]}]})
_STEPPED_CLOCK = Path(__file__).with_name("stepped_clock.py")
_BESIDE_DISCORD = Path(__file__).with_name("beside_discord.py")
LIMIT_SECONDS = 60.0
"""What anything may take on a loaded machine."""


async def until(
    happened: Callable[[], Awaitable[bool] | bool], seconds: float = LIMIT_SECONDS
) -> None:
    """Wait for something that happens in another process."""
    async with asyncio.timeout(seconds):
        while True:
            found = happened()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.out, self.err
        return json.loads(self.out)


class Process:
    """One process of `zos`, with its log."""

    def __init__(self, command: Sequence[str], environ: dict[str, str], log: Path) -> None:
        self.log_path = log
        with log.open("wb") as written:
            self._process = Popen(command, stdout=PIPE, stderr=written, env=environ)
        self.pid = self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def log(self, event: str) -> list[dict[str, Any]]:
        """Return what was logged under that name."""
        lines = self.log_path.read_text().splitlines()
        entries = [json.loads(line) for line in lines if line.startswith("{") and line[-1] == "}"]
        return [one for one in entries if one["event"] == event]

    async def until_logged(self, event: str, times: int = 1) -> None:
        await until(lambda: len(self.log(event)) >= times)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def ended(self, seconds: float = LIMIT_SECONDS) -> Ended:
        """Wait for the end, and return what it said."""
        out, _ = await asyncio.to_thread(self._process.communicate, timeout=seconds)
        return Ended(self._process.returncode, out.decode(), self.log_path.read_text())

    async def kill(self) -> None:
        """Kill -9."""
        self.send(signal.SIGKILL)
        assert (await self.ended()).code == -signal.SIGKILL

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        self.send(number)
        return await self.ended()

    def clean_up(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass
class Home:
    """An operator's folder with a community of channels in its database.

    Attributes:
        topics: The community's channels.
    """

    folder: Path
    config: Config
    server: ModelServer
    database: Database
    topics: list[str] = field(default_factory=list)
    started: list[Process] = field(default_factory=list)

    @property
    def layers(self) -> Path:
        return self.folder / "layers"

    @property
    def runtime_file(self) -> Path:
        return runtime_path(self.config)

    @property
    def service(self) -> RunningService:
        """The running service, as it describes itself."""
        found = find_service(self.config)
        assert found is not None
        return found

    def write_layer(self, name: str = "nightly", **fields: Any) -> None:
        (self.layers / f"{name}.yaml").write_text(yaml.safe_dump(definition(name, **fields)))

    def settings(self, **sections: Any) -> None:
        """Change the configuration's file, section by section."""
        path = self.folder / "zos.yaml"
        said = yaml.safe_load(path.read_text())
        for name, section in sections.items():
            said[name] = said.get(name, {}) | section
        path.write_text(yaml.safe_dump(said))

    async def populate(self, channels: int) -> None:
        """Import and book a conversation of the last hours."""
        self.topics = await _populate(self.config, self.folder / "archive", channels)

    def launch(
        self,
        *arguments: str,
        ahead_seconds: float | None = None,
        discord: LocalDiscord | None = None,
    ) -> Process:
        """Start a command; `ahead_seconds`: on a machine whose clock is wrong by so much.

        `discord` is what it finds where Discord is.
        """
        program = ["-m", "zos"]
        if ahead_seconds is not None:
            program = [str(_STEPPED_CLOCK), str(ahead_seconds)]
        elif discord is not None:
            program = [str(_BESIDE_DISCORD), discord.rest_url, discord.gateway.url]
        log = self.folder / f"process-{len(self.started)}.log"
        command = [sys.executable, *program, *self._chosen, *arguments]
        process = Process(command, _plain_environ(), log)
        self.started.append(process)
        return process

    async def serve(self, **where: Any) -> Process:
        """Start the service, as `launch` does, and return once it fires layers and answers."""
        process = self.launch("serve", **where)

        def ready() -> bool:
            assert process.is_alive, process.log_path.read_text()
            found = find_service(self.config)
            return found is not None and found.pid == process.pid

        await until(ready, LIMIT_SECONDS)
        return process

    async def run(self, *arguments: str) -> Ended:
        """Run a command as a process of its own."""
        return await self.launch(*arguments).ended()

    async def ask(self, *arguments: str) -> Ended:
        """Run a command within this process, which takes a fraction of the time."""
        return await asyncio.to_thread(self.in_this_process, *arguments)

    def in_this_process(self, *arguments: str) -> Ended:
        """Run a command within this process, outside of any event loop."""
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        try:
            done = CliRunner().invoke(cli, [*self._chosen, *arguments], prog_name="zos")
        finally:
            root.handlers[:], root.level = handlers, level
            structlog.reset_defaults()
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ended(done.exit_code, done.stdout, done.stderr)

    @property
    def _chosen(self) -> list[str]:
        return ["--config", str(self.folder / "zos.yaml")]

    @asynccontextmanager
    async def http(self, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
        """A client of the running service, with the operator's token."""
        service = self.service
        bearer = {"authorization": f"Bearer {read_token(service.token_path).reveal()}"}
        async with httpx.AsyncClient(
            base_url=service.url, headers=bearer, trust_env=False, **options
        ) as client:
            yield client

    async def trigger(self, layer: str = "nightly", topics: Sequence[str] = ()) -> str:
        """Ask the running service for a run and return its id."""
        async with self.http() as client:
            body = {"by": "somebody", "topics": [*topics]}
            answer = await client.post(f"/api/v1/jobs/{layer}/trigger", json=body)
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    async def ready(self) -> Any:
        """Ask the running service how it is."""
        async with self.http() as client:
            return (await client.get("/readyz")).json()

    async def job(self, layer: str = "nightly") -> dict[str, Any]:
        """Ask the running service about a layer."""
        async with self.http() as client:
            answer = await client.get(f"/api/v1/jobs/{layer}")
        found: dict[str, Any] = answer.json()
        return found

    async def reload(self) -> Any:
        """Let the running service read its layers again; return all jobs once every due slot is settled."""
        async with self.http() as client:
            answer = await client.post("/api/v1/reload")
        assert answer.is_success, answer.text
        return answer.json()

    async def rows(self, table: Table) -> list[Any]:
        async with self.database.read() as connection:
            return list((await connection.execute(select(table))).all())

    async def runs(self, layer: str = "nightly") -> list[LayerRun]:
        """Return a layer's runs and outcomes in the order they were opened."""
        found = [as_run(row) for row in await self.rows(layer_run) if row.layer == layer]
        return sorted(found, key=lambda run: run.id)

    async def until_ended(self, count: int = 1, layer: str = "nightly") -> list[LayerRun]:
        """Wait until so many of a layer's rows are final, and return all of them."""

        async def ended() -> bool:
            return sum(run.status.is_final for run in await self.runs(layer)) >= count

        await until(ended)
        return await self.runs(layer)

    async def clean_up(self) -> None:
        for process in self.started:
            process.clean_up()
        await self.database.close()


MakeHome = Callable[..., Awaitable[Home]]


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with model_server() as running:
        running.default = GOOD
        yield running


@pytest.fixture
async def make_home(tmp_path: Path, server: ModelServer) -> AsyncIterator[MakeHome]:
    """Make an operator's folder: no layer of its own yet, the shipped ones off, and what database there is."""
    made: list[Home] = []

    async def make(**sections: Any) -> Home:
        _switch_off_shipped_layers(tmp_path / "layers")
        said = {"data_dir": str(tmp_path / "data"), **_settings(server, tmp_path), **sections}
        (tmp_path / "zos.yaml").write_text(yaml.safe_dump(said))
        config = Config.model_validate(said)
        database = Database(config)
        await database.connect()
        made.append(Home(tmp_path, config, server, database))
        return made[-1]

    yield make
    for home in made:
        await home.clean_up()


@pytest.fixture(scope="session")
def community(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A data folder whose store holds `CHANNELS` channels, booked, to copy; and their topics."""
    folder = tmp_path_factory.mktemp("community")
    config = Config.model_validate({"data_dir": folder / "data"})
    topics = asyncio.run(_populate(config, folder / "archive", CHANNELS))
    return config.data_dir, topics


@pytest.fixture
async def home(make_home: MakeHome, community: tuple[Path, list[str]], tmp_path: Path) -> Home:
    """An operator's folder with that community on SQLite and one layer, `nightly`, without a schedule."""
    data, topics = community
    shutil.copytree(data, tmp_path / "data")
    home = await make_home()
    home.topics = topics
    home.write_layer(schedule=None)
    return home


async def _populate(config: Config, archive: Path, channels: int) -> list[str]:
    numbers = range(FIRST_CHANNEL, FIRST_CHANNEL + channels)
    now = datetime.now(UTC)
    exports = write_chat(archive, now, channels=numbers, per_channel=4)
    records = await read_consent_file(write_consents(archive, now))
    async with build_services(config) as services:
        importer = Importer(services.database, services.consents, config)
        await importer.import_paths([exports], consents=records)
        await services.booker.book_until(now)
    return [channel_key(number) for number in numbers]


def _plain_environ() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("ZOS_")}


def _switch_off_shipped_layers(folder: Path) -> None:
    """Leave the test's own layers alone with the model: some shipped ones wake by what others store."""
    folder.mkdir()
    for shipped in resources.files("zos.reflect").joinpath("builtin").iterdir():
        said = yaml.safe_load(shipped.read_text("utf-8"))
        (folder / shipped.name).write_text(yaml.safe_dump({**said, "enabled": False}))


def _settings(server: ModelServer, folder: Path) -> dict[str, Any]:
    profile = {
        "provider": "openai",
        "model": "local",
        "base_url": server.base_url("openai"),
        "api_key": "k",
        "price": {"input_per_million_usd": 1, "output_per_million_usd": 1},
        "sdk_retries": 0,
        "output_retries": 0,
    }
    return {
        "api": {"port": 0},
        "log": {"format": "json"},
        "salience": {"budget": {"total": 100_000}},
        "models": {"profiles": {"default": profile}},
        "reflect": {"layers_dir": str(folder / "layers")},
    }
