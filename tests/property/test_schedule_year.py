"""A year of every shipped schedule in four zones: the timer, the accounts and cron agree on every slot."""

from __future__ import annotations

import heapq
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from sqlalchemy import select

from zos.config import Config
from zos.config.model import SchedulerConfig
from zos.core.clock import SimulatedClock
from zos.db.engine import Database
from zos.db.tables import layer_run
from zos.reflect.layer import Layer
from zos.reflect.loader import LayerLoader
from zos.reflect.states import RunStatus
from zos.scheduler.slots.accounts import Accounts
from zos.scheduler.terms import trigger_of

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = BEGIN + timedelta(days=365)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
SETTINGS = SchedulerConfig()


@pytest.fixture
async def database(
    make_config: Callable[..., Config], sqlite_template: Path
) -> AsyncIterator[Database]:
    config = make_config()
    config.data_dir.mkdir()
    (config.data_dir / "zos.db").write_bytes(sqlite_template.read_bytes())
    opened = Database(config)
    await opened.connect()
    yield opened
    await opened.close()


def shipped_in_every_zone() -> dict[str, Layer]:
    """One layer of every shipped schedule, in each zone."""
    scheduled = [layer for layer in LayerLoader(None).load_all().values() if layer.schedule]
    layers = {layer.schedule: layer for layer in scheduled}.values()
    assert len(layers) >= 4
    return {
        f"{layer.name}-{number}": layer.model_copy(
            update={"name": f"{layer.name}-{number}", "timezone": zone}
        )
        for layer in layers
        for number, zone in enumerate(ZONES)
    }


def by_brute_force(layer: Layer) -> list[datetime]:
    """Every fire of the year, by the cron library alone."""
    zone = UTC if layer.timezone == "UTC" else ZoneInfo(layer.timezone or "")
    assert layer.cron is not None
    found: list[datetime] = []
    for fire in CronSim(layer.cron.expression, (BEGIN - timedelta(seconds=1)).astimezone(zone)):
        if fire > END:
            return found
        if fire > BEGIN:
            found.append(fire.astimezone(UTC))
    return found


async def a_year(layers: dict[str, Layer], accounts: Accounts, clock: SimulatedClock) -> None:
    """Let the clock jump from one wake-up of the timer to the next, and settle whom it wakes."""
    triggers = {name: trigger_of(layer, SETTINGS) for name, layer in layers.items()}
    wakeups = [
        (trigger.get_next_fire_time(None, BEGIN), name)
        for name, trigger in triggers.items()
        if trigger is not None
    ]
    heapq.heapify(wakeups)
    while wakeups[0][0] <= END:
        now = wakeups[0][0]
        clock.move_to(now)
        due = []
        while wakeups[0][0] == now:
            _, name = heapq.heappop(wakeups)
            due.append(name)
            trigger = triggers[name]
            assert trigger is not None
            heapq.heappush(wakeups, (trigger.get_next_fire_time(now, now), name))
        await accounts.settle(layers, due)


async def test_a_year_of_all_shipped_schedules_in_four_zones_takes_seconds(
    database: Database,
) -> None:
    layers = shipped_in_every_zone()
    clock = SimulatedClock(BEGIN)
    accounts = Accounts(database, SETTINGS, clock)
    await accounts.settle(layers)
    started = process_time()
    await a_year(layers, accounts, clock)
    took = process_time() - started
    slots = defaultdict(list)
    async with database.read() as connection:
        for row in await connection.execute(select(layer_run).order_by(layer_run.c.slot)):
            assert (row.status, row.slot_count) == (RunStatus.QUEUED.value, 1)
            slots[row.layer].append(row.slot)
    assert slots == {name: by_brute_force(layer) for name, layer in layers.items()}
    assert sum(map(len, slots.values())) > 4_000
    if sys.gettrace() is None:  # coverage makes it several times slower
        assert took < 10  # seconds of this process: the machine may have others
