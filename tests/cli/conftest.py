"""The command line in a folder of its own, in this process and as a real one."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from click.testing import CliRunner, Result

from zos.cli.app import cli
from zos.config import Config
from zos.db.engine import Database

Zos = Callable[..., Result]
Process = Callable[..., subprocess.Popen[str]]


def fill(folder: Path, work: Callable[[Database, Config], Awaitable[object]]) -> None:
    """Do `work` on the store of a command that runs in `folder`."""
    config = Config.model_validate({"data_dir": folder / "data"})

    async def run() -> None:
        database = Database(config)
        await database.connect()
        await work(database, config)
        await database.close()

    asyncio.run(run())


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Work in an empty folder without settings from outside, and leave logging as it was."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ZOS_")]:
        monkeypatch.delenv(name)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield tmp_path
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def zos() -> Zos:
    """Run a command; keyword arguments are variables of its environment."""

    def run(*arguments: str | Path, **environ: str) -> Result:
        return CliRunner().invoke(cli, list(map(str, arguments)), env=environ, prog_name="zos")

    return run


@pytest.fixture
def process() -> Iterator[Process]:
    """Start a command as a real process; none outlives its test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str | Path, **options: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "zos", *map(str, arguments)]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        started.append(subprocess.Popen(command, text=True, **streams))  # type: ignore[call-overload]
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()
