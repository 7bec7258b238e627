"""The API over a real store on both databases, asked over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.api.serving import serving
from tests.conftest import EPOCH
from tests.scheduler.layers import LAYER

from zos.access.access import Access, open_access
from zos.access.token import OperatorToken
from zos.api.app import create_app
from zos.api.events import EventHub
from zos.api.metrics import Metrics
from zos.api.services import ApiServices
from zos.config import Config
from zos.core.clock import SimulatedClock
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.states import RunStatus, Trigger
from zos.service.discord import discord_bot
from zos.service.http import http_app
from zos.service.services import Services, build_services
from zos.service.serving import api_services, web_services
from zos.web.app import create_pages

TOKEN = OperatorToken("t" * 43)


@dataclass
class Api:
    """A service that is not started, and a client of its API."""

    services: Services
    parts: ApiServices
    http: httpx.AsyncClient
    layers: Path

    @property
    def url(self) -> str:
        """Where the service listens."""
        return str(self.http.base_url.copy_with(raw_path=b"/")).rstrip("/")

    @property
    def access(self) -> Access:
        return self.parts.access

    def write_layer(self, name: str, more: str = "schedule: 0 3 * * *") -> None:
        (self.layers / f"{name}.yaml").write_text(LAYER.format(name=name, more=more))

    async def get(self, path: str, **query: Any) -> Any:
        return self._content(await self.http.get(path, params=query))

    async def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._content(await self.http.post(path, json=body or {}, headers=headers))

    def _content(self, answer: httpx.Response) -> Any:
        assert answer.is_success, answer.text
        return answer.json()

    async def open(
        self,
        layer: str = "nightly",
        *,
        status: RunStatus = RunStatus.QUEUED,
        reason: str = "due",
        trigger: Trigger = Trigger.SCHEDULE,
        **options: Any,
    ) -> LayerRun:
        """Record a fire that nobody carries out."""
        now = self.services.clock.now()
        slot = options.pop("slot", None)
        request = RunRequest(layer, trigger, reason, now, slot=slot, due_at=slot)
        run = await self.services.executor.runs.open(request, now=now, status=status, **options)
        assert run is not None
        return run


@pytest.fixture
async def api(config: Config, tmp_path: Path, clock: SimulatedClock) -> AsyncIterator[Api]:
    """The API of a service with one layer of its own, `nightly`; its clock stands at `EPOCH`."""
    assert clock.now() == EPOCH
    layers = tmp_path / "layers"
    layers.mkdir()
    (layers / "nightly.yaml").write_text(LAYER.format(name="nightly", more="schedule: 0 3 * * *"))
    reflect = config.reflect.model_copy(update={"layers_dir": layers})
    configured = config.model_copy(update={"reflect": reflect})
    async with build_services(configured, clock=clock) as services:
        events = EventHub(services.database, clock, poll_seconds=0, heartbeat_seconds=0.2)
        metrics = Metrics(services.database, clock)
        bot = discord_bot(services)
        access = open_access(services.database, clock, TOKEN, configured.api)
        parts = api_services(services, events, metrics, bot, access)
        pages = create_pages(web_services(services, events, bot, access))
        app = http_app(configured.api, access, api=create_app(parts), pages=pages)
        bearer = {"Authorization": f"Bearer {TOKEN.reveal()}"}
        async with (
            serving(app) as url,
            httpx.AsyncClient(base_url=f"{url}/api/v1", headers=bearer) as http,
        ):
            yield Api(services, parts, http, layers)
            await events.close()
            await services.scheduler.drain(0)


@pytest.fixture
async def started_api(api: Api) -> AsyncIterator[Api]:
    """The same with its scheduler started; no layer is due before the test is over."""
    api.services.scheduler.start()
    yield api
    await api.services.scheduler.drain(0)
    api.services.scheduler.stop()
