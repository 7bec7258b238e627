"""`examine`: all checks in order. A store that cannot be read is one finding, and ends only its own checks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from zos.config import Config
from zos.core.errors import ZosError
from zos.db.engine import Database
from zos.db.status import StoreStatus, store_status
from zos.service.doctor import layers, machine, models, timer
from zos.service.doctor.discord import application
from zos.service.doctor.finding import Finding, ok, problem, warning
from zos.service.services import Services, build_services

_MEBIBYTE = 1024 * 1024


async def examine(config: Config, *, discord: bool = False) -> AsyncIterator[Finding]:
    """Look at everything, change nothing.

    Args:
        config: The whole configuration.
        discord: Also ask Discord how the bot's application stands.

    Yields:
        What was found, as it is found.
    """
    yield await asyncio.to_thread(machine.disk, config.data_dir)
    for finding in await asyncio.to_thread(lambda: [*machine.permissions(config)]):
        yield finding
    yield machine.zones(config)
    yield machine.api(config)
    state, running = await asyncio.to_thread(machine.service, config)
    yield state
    async for finding in models.profiles(config):
        yield finding
    if discord:
        async for finding in application(config):
            yield finding
    async for finding in _store(config, service_runs=running is not None):
        yield finding


async def _store(config: Config, *, service_runs: bool) -> AsyncIterator[Finding]:
    database = Database(config)
    try:
        await database.open()
        status = await store_status(database)
    except ZosError as error:
        yield problem("database", error.message, error.hint)
        return
    finally:
        await database.close()
    yield _state(status)
    if status.state != "current":
        return
    try:
        async with build_services(config, migrate=False) as services:
            for finding in await _inside(services, service_runs=service_runs):
                yield finding
    except ZosError as error:
        yield problem("layers", error.message, error.hint)


async def _inside(services: Services, *, service_runs: bool) -> list[Finding]:
    return [
        await layers.clock(services),
        *await timer.job_store(services, service_runs=service_runs),
        *await timer.slots(services, service_runs=service_runs),
        *[one async for one in layers.jobs(services, service_runs=service_runs)],
    ]


def _state(status: StoreStatus) -> Finding:
    size = f"{status.size_bytes / _MEBIBYTE:,.1f} MiB, {status.rows.get('message', 0):,} messages"
    match status.state:
        case "current":
            return ok("database", f"{status.url} is up to date: {size}.")
        case "pending":
            detail = f"{status.url} has an older schema ({status.revision or 'none'})."
            return warning("database", detail, "Run `zos db migrate`; `zos serve` does it too.")
        case _:
            detail = f"{status.url} was made by a newer Zos ({status.revision})."
            return problem("database", detail, "Install that again, or restore a backup.")
