"""`serve`: the whole process, from its first refusal to its last commit.

In: the configuration. Out: nothing, once it was asked to stop. Everything in the background is a
task of one group: it ends with the service, and what goes wrong in it ends the service.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import closing
from functools import cache, partial
from socket import socket
from typing import Any

import structlog

from zos.access.access import OPERATOR, Access, open_access
from zos.access.audit.pruning import Pruning
from zos.access.login.link import login_url
from zos.access.runtime import RunningService, announce, runtime_path, withdraw
from zos.access.token import make_token, token_path
from zos.api.app import API_PREFIX, create_app, openapi_document
from zos.api.binding import bind, local_url
from zos.api.events import EventHub
from zos.api.metrics import Metrics
from zos.api.server import ApiServer
from zos.api.services import ApiServices
from zos.config import Config
from zos.core.clock import SystemClock
from zos.reflect.outbox.delivery import Delivery
from zos.reflect.runs.owner import this_process
from zos.service.again import again
from zos.service.discord import DiscordBot, discord_bot
from zos.service.http import http_app
from zos.service.lock import refuse_second_service
from zos.service.outputs import Outputs
from zos.service.services import Services, build_services
from zos.service.signals import Signals, handled_signals
from zos.views.storage import StorageView
from zos.web.app import create_pages
from zos.web.reference import Group, groups_of
from zos.web.services import WebServices

log = structlog.get_logger(__name__)

DELIVERY_SECONDS = 5.0
REVIEW_SECONDS = 60.0
SELF_CONCEPT_SECONDS = 10.0
PRIVACY_SECONDS = 60.0

Ready = Callable[[RunningService, str], None]
"""Is told of the service, and of a link that logs its operator in once."""


async def serve(config: Config, ready: Ready) -> None:
    """Run the service until it is asked to stop.

    Args:
        config: The whole configuration.
        ready: Is told once layers fire and the API answers.

    Raises:
        StillRunningError: If a service runs on this database already.
        ConfigError: If it may not listen where it should, or its files cannot be written.
        ServiceError: If the port is taken.
        DatabaseError: If the store cannot be used.
    """
    refuse_second_service(config)
    with closing(bind(config.api)) as listening, handled_signals() as signals:
        async with build_services(config) as services:
            token = await asyncio.to_thread(make_token, token_path(config))
            access = open_access(services.database, services.clock, token, config.api)
            await services.settle_self_concept()
            await services.members.settle_consent()
            try:
                await _work(services, signals, listening, access, ready)
            except BaseExceptionGroup as errors:
                raise _first(errors) from errors


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what went wrong first: the tasks of a group only add what they make of its end."""
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


async def _work(
    services: Services, signals: Signals, listening: socket, access: Access, ready: Ready
) -> None:
    events = EventHub(services.database, services.clock)
    metrics = Metrics(services.database, services.clock)
    await metrics.render()  # what was before is not counted
    bot = discord_bot(services)
    delivery = delivery_of(services, bot)
    settings = services.config.api
    app = http_app(
        settings,
        access,
        api=create_app(api_services(services, events, metrics, bot, access)),
        pages=create_pages(web_services(services, events, bot, access)),
    )
    server = ApiServer(app, settings)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run_on(listening), name="api")
        loops = [
            group.create_task(again(seconds, services.clock, step, name), name=name)
            for seconds, step, name in (
                (DELIVERY_SECONDS, delivery.step, "delivery"),
                (REVIEW_SECONDS, delivery.review, "review"),
                (SELF_CONCEPT_SECONDS, services.settle_self_concept, "self_concept"),
                (PRIVACY_SECONDS, lambda: _erase(services), "erasures"),
                (PRIVACY_SECONDS, services.retention.step, "retention"),
                (PRIVACY_SECONDS, pruning_of(services).step, "audit"),
            )
        ]
        try:
            if await _unless(signals.stop, _book_history(services)):
                group.create_task(bot.start(services.config.discord.token), name="discord")
                described = _describe(services.config, listening)
                link = login_url(described.url, await access.links.make(OPERATOR))
                await _fire_layers(services, signals, described, partial(ready, described, link))
        finally:
            await bot.close()
            for loop in loops:
                loop.cancel()
            await events.close()
            server.stop()
    await services.settle_self_concept()


async def _fire_layers(
    services: Services, signals: Signals, described: RunningService, ready: Callable[[], None]
) -> None:
    """Let layers fire until somebody asks to stop, and running ones end (unless somebody asks again)."""
    scheduler, runtime_file = services.scheduler, runtime_path(services.config)
    scheduler.start()
    try:
        await asyncio.to_thread(announce, runtime_file, described)
        ready()
        await signals.stop.wait()
        await asyncio.to_thread(withdraw, runtime_file)
        if not await _unless(signals.stop_now, scheduler.drain()):
            await scheduler.drain(0)
    finally:
        await asyncio.to_thread(withdraw, runtime_file)
        scheduler.stop()


def delivery_of(services: Services, bot: DiscordBot) -> Delivery:
    """Return what delivers outgoing texts."""
    outputs = Outputs(services.config.output, bot)
    return Delivery(services.database, outputs, services.consents, services.clock)


def pruning_of(services: Services) -> Pruning:
    """Return what ends old rows of the record of writes."""
    days = services.config.privacy.audit_days
    return Pruning(services.audit, services.clock, days)


def api_services(
    services: Services, events: EventHub, metrics: Metrics, bot: DiscordBot, access: Access
) -> ApiServices:
    """Return what the API's routes need."""
    return ApiServices(
        clock=services.clock,
        jobs=services.jobs,
        slots=services.slots,
        runs=services.runs,
        known=services.known,
        members=services.members,
        health=services.health,
        discord=lambda: bot.status,
        control=services.scheduler,
        preview=services.preview,
        events=events,
        metrics=metrics,
        access=access,
    )


def web_services(
    services: Services, events: EventHub, bot: DiscordBot, access: Access
) -> WebServices:
    """Return what the pages need."""
    return WebServices(
        config=services.config,
        clock=services.clock,
        loader=services.loader,
        jobs=services.jobs,
        slots=services.slots,
        runs=services.runs,
        costs=services.known.costs,
        insights=services.known.insights,
        known=services.known,
        members=services.members,
        health=services.health,
        storage=StorageView(services.database, services.config),
        discord=lambda: bot.status,
        control=services.scheduler,
        preview=services.preview,
        events_path=lambda: f"{API_PREFIX}/events?mark={events.mark}",
        document_path=f"{API_PREFIX}/openapi.json",
        reference=api_reference,
        access=access,
    )


@cache
def api_reference() -> tuple[Group, ...]:
    """Return what the API says of itself, for people. The first time takes a while."""
    return groups_of(openapi_document())


def _describe(config: Config, listening: socket) -> RunningService:
    return RunningService(
        pid=os.getpid(),
        owner=this_process(),
        started_at=SystemClock().now(),
        url=local_url(listening, config.api),
        token_path=token_path(config).absolute(),
        certificate_path=config.api.tls_certificate,
    )


async def _book_history(services: Services) -> None:
    """Book what was imported and never booked: layers must not wake to half of a community's past."""
    booked = await services.booker.book_until(services.clock.now())
    if booked.messages or booked.reactions:
        log.info("history_booked", messages=booked.messages, reactions=booked.reactions)


async def _erase(services: Services) -> bool:
    """Carry out erasures that were asked for, then wait for the next one, or to try again."""
    asked = services.members.asked
    asked.clear()
    await services.members.finish_erasures()
    await _unless(asked, services.clock.sleep(PRIVACY_SECONDS))
    return True


async def _unless(event: asyncio.Event, work: Coroutine[Any, Any, None]) -> bool:
    """Do `work` to its end, or until `event` comes; return whether it was done."""
    doing, waiting = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({doing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            await doing
        return doing.done()
    finally:
        for task in (doing, waiting):
            task.cancel()
        await asyncio.gather(doing, waiting, return_exceptions=True)
