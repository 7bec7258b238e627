"""The service with its bot: one process, one end, and each part goes on where it can."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.fakes.discord.server import TOKEN, LocalDiscord, local_discord

from zos.access.runtime import RunningService
from zos.config import Config
from zos.db.engine import Database
from zos.db.tables import message
from zos.service.serving import serve


@pytest.fixture
async def discord_server() -> AsyncIterator[LocalDiscord]:
    async with local_discord() as local:
        yield local


@asynccontextmanager
async def served(config: Config) -> AsyncIterator[Callable[[], Any]]:
    """Run `serve` until the end of the block, then end it as an operator does; yields a look at /readyz."""
    running: asyncio.Future[RunningService] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve(config, lambda described, _link: running.set_result(described))
    )
    service = await asyncio.wait_for(running, 30)
    bearer = {"Authorization": f"Bearer {service.token_path.read_text().strip()}"}

    async def ready() -> Any:
        async with httpx.AsyncClient(headers=bearer) as http:
            return (await http.get(f"{service.url}/readyz")).json()

    try:
        yield ready
    finally:
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(task, 30)


async def seen(ready: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """Return what /readyz says once it says what is wanted."""
    async with asyncio.timeout(20):
        while not wanted(report := await ready()):  # noqa: ASYNC110 - asked over HTTP
            await asyncio.sleep(0.02)
    return report


async def test_one_signal_ends_bot_scheduler_and_api_and_what_came_in_is_stored(
    discord_server: LocalDiscord, make_config: Callable[..., Config]
) -> None:
    config = make_config(discord={"token": TOKEN}, api={"port": 0})
    async with served(config) as ready:
        await asyncio.wait_for(discord_server.gateway.ready.wait(), 20)
        number = discord_server.world.say(11, "hello")
        report = await seen(ready, lambda told: told["discord"]["recorded"] >= 5)
        assert report["ready"]
        assert report["discord"]["state"] == "connected"
    database = Database(config)
    await database.connect()
    async with database.read() as connection:
        assert (await connection.execute(select(message.c.id))).scalars().all() == [number]
    await database.close()


async def test_a_bad_token_is_a_notice_and_the_service_goes_on(
    discord_server: LocalDiscord, make_config: Callable[..., Config]
) -> None:
    assert discord_server.gateway.token != "wrong"
    async with served(make_config(discord={"token": "wrong"}, api={"port": 0})) as ready:
        report = await seen(ready, lambda told: told["discord"]["state"] == "disconnected")
        assert report["ready"]
        assert "does not accept the bot's token" in report["notices"][0]


async def test_a_missing_intent_is_a_notice_and_the_service_goes_on(
    discord_server: LocalDiscord, make_config: Callable[..., Config]
) -> None:
    discord_server.gateway.allowed_intents = 0
    async with served(make_config(discord={"token": TOKEN}, api={"port": 0})) as ready:
        report = await seen(ready, lambda told: told["discord"]["state"] == "disconnected")
        assert report["ready"]
        assert "lacks the privileged intent Message Content" in report["notices"][0]


async def test_a_dead_network_is_a_notice_and_the_service_goes_on(
    discord_server: LocalDiscord, make_config: Callable[..., Config]
) -> None:
    discord_server.point_nowhere()
    async with served(make_config(discord={"token": TOKEN}, api={"port": 0})) as ready:
        report = await seen(ready, lambda told: bool(told["discord"]["reason"]))
        assert report["ready"]
        assert report["discord"]["state"] == "connecting"
        assert "it was not reached" in report["notices"][0]


async def test_without_a_token_the_bot_is_off(make_config: Callable[..., Config]) -> None:
    async with served(make_config(api={"port": 0})) as ready:
        report = await ready()
        assert (report["ready"], report["discord"]["state"]) == (True, "off")
