"""A small community in a real store, and its members' rights."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.conftest import EPOCH
from tests.insights.conftest import World
from tests.members.lived import Lived

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


@pytest.fixture
async def lived(
    database: Database, config: Config, clock: SimulatedClock, members: Members
) -> Lived:
    """A community in which Ann has said and done all that a member can, and much was made of it."""
    made = Lived(database, config, clock, members)
    await made.live()
    clock.move_to(EPOCH + timedelta(hours=1))
    return made
