"""Many layers on one scheduler: how long it takes to start, what it costs when idle, how late it fires.

A fresh SQLite file, `--layers` layers that are all due at every full minute, and nothing to reflect
on, so that what is measured is the scheduler's: jobs, accounts, and a row for every slot. It also
lets a simulated year of the shipped layers in four zones pass. Prints figures for people.

    python bench/scheduler.py [--layers 500] [--minutes 2]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from apscheduler.schedulers.base import STATE_RUNNING
from sqlalchemy import select

from zos.cli.context import fast_runner
from zos.config import Config
from zos.core.clock import SimulatedClock
from zos.db.engine import Database
from zos.db.tables import layer_run
from zos.reflect.layer import Layer
from zos.reflect.loader import LayerLoader
from zos.scheduler import ReflectionScheduler
from zos.scheduler.slots.accounts import Accounts
from zos.scheduler.terms import trigger_of
from zos.service.services import build_services

LAYER = """\
name: layer-{number:03}
category: channel
schedule: "{schedule}"
nodes:
  - {{type: fetch_messages}}
  - {{type: llm_call, prompt: reflect/channel.md.j2}}
  - {{type: store_insight}}
"""
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
IDLE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Lateness:
    """Seconds.

    Attributes:
        fires: From when a fire was due to its record.
        waits: From there to the start of its run.
    """

    fires: list[float]
    waits: list[float]


def folder_of(layers: int, schedule: str, root: Path) -> Config:
    """Write so many layers and return a configuration that knows them."""
    folder = root / "layers"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(layers):
        text = LAYER.format(number=number, schedule=schedule)
        (folder / f"{number:03}.yaml").write_text(text)
    return Config.model_validate({"data_dir": root / "data", "reflect": {"layers_dir": folder}})


async def idle(config: Config) -> tuple[float, float]:
    """Return the seconds that a start takes, and the share of a processor that idling takes."""
    async with build_services(config) as services:
        began = time.perf_counter()
        services.scheduler.start()
        await until_settled(services.scheduler)
        start = time.perf_counter() - began
        before = time.process_time()
        await asyncio.sleep(IDLE_SECONDS)
        busy = time.process_time() - before
        await services.scheduler.drain(5)
        services.scheduler.stop()
    return start, busy / IDLE_SECONDS


async def until_settled(scheduler: ReflectionScheduler) -> None:
    """Wait until the scheduler's timer runs."""
    while scheduler.scheduler.state != STATE_RUNNING:  # noqa: ASYNC110 - it sets no event
        await asyncio.sleep(0.005)


async def fire(config: Config, layers: int, minutes: int) -> Lateness:
    """Let every layer fire at so many full minutes, and return how late that was."""
    async with build_services(config) as services:
        services.scheduler.start()
        await until_settled(services.scheduler)
        now = datetime.now(UTC)
        await asyncio.sleep(60 - now.second - now.microsecond / 1e6 + 60 * (minutes - 1) + 30)
        await services.scheduler.drain(60)
        services.scheduler.stop()
        async with services.database.read() as connection:
            rows = list(
                await connection.execute(
                    select(layer_run).where(layer_run.c.layer.startswith("layer-"))
                )
            )
    assert len(rows) == layers * minutes, f"{len(rows)} rows for {layers * minutes} slots"
    return Lateness(
        [(row.created_at - row.due_at).total_seconds() for row in rows],
        [(row.started_at - row.created_at).total_seconds() for row in rows if row.started_at],
    )


async def simulated_year(root: Path) -> tuple[int, float, float]:
    """Let a year pass; return slots, wall seconds and processor seconds."""
    config = Config.model_validate({"data_dir": root / "year"})
    database = Database(config)
    await database.connect()
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    clock = SimulatedClock(begin)
    layers = in_every_zone()
    accounts = Accounts(database, config.scheduler, clock)
    await accounts.settle(layers)
    wall, busy, slots = time.perf_counter(), time.process_time(), 0
    for moment, due in wakeups(layers, config, begin):
        clock.move_to(moment)
        slots += len(await accounts.settle(layers, due))
    took = time.perf_counter() - wall, time.process_time() - busy
    await database.close()
    return slots, *took


def in_every_zone() -> dict[str, Layer]:
    """Return every shipped layer with a schedule, four times."""
    return {
        f"{layer.name}-{number}": layer.model_copy(
            update={"name": f"{layer.name}-{number}", "timezone": zone}
        )
        for layer in LayerLoader(None).load_all().values()
        if layer.schedule
        for number, zone in enumerate(ZONES)
    }


def wakeups(
    layers: dict[str, Layer], config: Config, begin: datetime
) -> list[tuple[datetime, list[str]]]:
    """Return a year's wake-ups of the timer, each with whom it wakes."""
    due: dict[datetime, list[str]] = {}
    for name, layer in layers.items():
        trigger = trigger_of(layer, config.scheduler)
        moment = begin
        while trigger is not None:
            moment = trigger.get_next_fire_time(moment, moment)
            if moment > begin + timedelta(days=365):
                break
            due.setdefault(moment, []).append(name)
    return sorted(due.items())


def percentiles(seconds: list[float]) -> str:
    """Return median, 99th percentile and maximum, for people."""
    cuts = statistics.quantiles(seconds, n=100)
    return (
        f"median {cuts[49]:.2f} s, 99th percentile {cuts[98]:.2f} s, at most {max(seconds):.2f} s"
    )


async def main(layers: int, minutes: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        start, share = await idle(folder_of(layers, "0 3 1 1 *", root / "idle"))
        print(f"{layers} layers: start {start:.2f} s (limit 2), idle {share:.2%} CPU (limit 1 %)")
        late = await fire(folder_of(layers, "* * * * *", root / "fire"), layers, minutes)
        print(f"{layers} fires a minute, lateness: {percentiles(late.fires)} (limit p99 1 s)")
        print(f"{layers} fires a minute, wait for the start: {percentiles(late.waits)}")
        slots, wall, busy = await simulated_year(root)
        print(f"a simulated year, {slots:,} slots: {wall:.1f} s, {busy:.1f} s CPU (limit 10)")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--layers", type=int, default=500)
    parser.add_argument("--minutes", type=int, default=2)
    chosen = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with fast_runner() as runner:
        runner.run(main(chosen.layers, chosen.minutes))
