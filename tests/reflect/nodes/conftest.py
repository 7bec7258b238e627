"""The community for every node's tests, and a model that answers as told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.model_server import ModelServer
from tests.reflect.world import World, open_world

from zos.config import Config
from zos.db.engine import Database


@pytest.fixture
async def world(
    database: Database, config: Config, server: ModelServer, tmp_path: Path
) -> AsyncIterator[World]:
    async with open_world(database, config, server, tmp_path) as made:
        yield made
