"""The API keeps to its own description, whatever is sent to it: a few requests of each kind, always the same.

Deeper, against a service that runs (docs/how-to/api.md): `schemathesis run`.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import InvalidArgument, Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.conftest import TOKEN
from tests.api.serving import serving
from tests.scheduler.layers import LAYER

from zos.access.access import open_access
from zos.api.app import create_app, openapi_document
from zos.api.events import EventHub
from zos.api.metrics import Metrics
from zos.config import Config
from zos.service.discord import discord_bot
from zos.service.http import http_app
from zos.service.services import build_services
from zos.service.serving import api_services, web_services
from zos.web.app import create_pages

EXAMPLES = 4
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


class _Service(Thread):
    """A service with a loop of its own: what sends requests here blocks."""

    def __init__(self, config: Config) -> None:
        super().__init__(name="service", daemon=True)
        self._config = config
        self.url = ""
        self.is_ready = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None

    def run(self) -> None:
        asyncio.run(self._serve())

    def stop(self) -> None:
        assert self._loop is not None
        assert self._ending is not None
        self._loop.call_soon_threadsafe(self._ending.set)
        self.join(30)

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        async with build_services(self._config) as services:
            services.scheduler.start()  # else it would say, rightly, that it is not ready
            events = EventHub(services.database, services.clock)
            metrics = Metrics(services.database, services.clock)
            bot = discord_bot(services)
            access = open_access(services.database, services.clock, TOKEN, self._config.api)
            api = create_app(api_services(services, events, metrics, bot, access))
            pages = create_pages(web_services(services, events, bot, access))
            async with serving(http_app(self._config.api, access, api=api, pages=pages)) as url:
                self.url = url
                self.is_ready.set()
                await self._ending.wait()
            await services.scheduler.drain(0)
            services.scheduler.stop()


@pytest.fixture(scope="module")
def api_schema(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The description of a service that answers."""
    folder = tmp_path_factory.mktemp("conformance")
    (folder / "layers").mkdir()
    layer = LAYER.format(name="nightly-channel-reflection", more="schedule: 0 3 * * *")
    (folder / "layers" / "nightly-channel-reflection.yaml").write_text(layer)
    shutil.copyfile(sqlite_template, folder / "zos.db")
    service = _Service(
        Config.model_validate({"data_dir": folder, "reflect": {"layers_dir": folder / "layers"}})
    )
    service.start()
    assert service.is_ready.wait(30)
    document = deepcopy(openapi_document())
    del document["paths"]["/api/v1/events"]  # its answer has no end
    config = SchemathesisConfig(seed=1)
    found = schemathesis.openapi.from_dict(document, config=config)
    found.config.base_url = service.url
    yield found
    service.stop()


def test_it_answers_as_described_whatever_it_is_asked(api_schema: Any) -> None:
    found: dict[str, BaseException] = {}
    for result in api_schema.get_all_operations():
        operation = result.ok()
        for mode in GenerationMode:
            with _noting(found, f"{operation.label} ({mode.value})"):
                _ask(operation.as_strategy(generation_mode=mode))
    assert not found, "\n".join(f"{name}: {error}" for name, error in found.items())


def _ask(cases: SearchStrategy[schemathesis.Case[Any]]) -> None:
    @given(case=cases)
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case[Any]) -> None:
        bearer = {"Authorization": f"Bearer {TOKEN.reveal()}"}
        case.call_and_validate(headers=bearer, checks=CHECKS, timeout=20)

    ask()


@contextmanager
def _noting(found: dict[str, BaseException], name: str) -> Iterator[None]:
    """Note what goes wrong, and go on."""
    try:
        yield
    except (Unsatisfiable, InvalidArgument):
        return  # there is no wrong way to ask this
    except (AssertionError, BaseExceptionGroup) as error:
        found[name] = error
