"""A small community in a real store, and its members' rights."""

from __future__ import annotations

import pytest
from tests.insights.conftest import World

from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.clock import SimulatedClock
from zos.db.engine import Database
from zos.members.rights import Members
from zos.salience.ledger import SalienceLedger


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


@pytest.fixture
def members(database: Database, config: Config, clock: SimulatedClock) -> Members:
    return Members(
        database,
        ConsentStore(database, config),
        SalienceLedger(database, config),
        clock,
        config.data_dir / "self-concept.md",
    )
