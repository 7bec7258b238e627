"""Requests, material and clients for the tests of models."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.model_server import ModelServer, model_server

from zos.config import Config
from zos.core.clock import SimulatedClock
from zos.db.engine import Database
from zos.llm.client import ModelClient
from zos.llm.output import Reflection
from zos.llm.request import CallContext, Material, MaterialItem, ModelRequest

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KEY = "sk-secret-0123456789"
ASKABLE = {"openai": "gpt-4o-mini", "anthropic": "claude-haiku-4-5", "google": "gemini-2.5-flash"}
FREE = {"input_per_million_usd": 0, "output_per_million_usd": 0}
DEAR = {"input_per_million_usd": 1, "output_per_million_usd": 10}

MakeRequest = Callable[..., ModelRequest[Reflection]]
MakeClient = Callable[..., ModelClient]


def said(number: int, speaker: str, text: str, **fields: Any) -> MaterialItem:
    """Return message `number`, a minute after the one before."""
    at = NOON + timedelta(minutes=number)
    values: dict[str, Any] = {"quotable": not speaker.startswith("<"), "is_bot": False, **fields}
    return MaterialItem(ref=f"m{number}", speaker=speaker, at=at, text=text, **values)


def about(*lines: tuple[str, str], **fields: Any) -> Material:
    """Return material of messages (speaker, text), numbered from m1."""
    items = tuple(said(number, *line) for number, line in enumerate(lines, 1))
    return Material("#garden", items, **fields)


def reflection(*sources: str, **fields: Any) -> dict[str, Any]:
    """Return what a model fills the form with: one statement that cites `sources` (m1)."""
    statement = {"text": "They grow beans.", "sources": list(sources or ("m1",))}
    return {"statements": [statement], **fields}


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with model_server() as running:
        yield running


@pytest.fixture
def make_request() -> MakeRequest:
    """Build a request; `run_id`, `server_id`, `max_run_cost_usd` go into its context."""

    def make(material: Material | None = None, **fields: Any) -> ModelRequest[Reflection]:
        names = ("run_id", "target_id", "server_id", "max_run_cost_usd")
        context = {name: fields.pop(name) for name in names if name in fields}
        values: dict[str, Any] = {"profile": "default", "output": Reflection, **fields}
        return ModelRequest(
            system=values.pop("system", "You reflect."),
            prompt=values.pop("prompt", "What did they say?"),
            material=material or about(("ada", "hello there"), ("bo", "hello you")),
            context=CallContext(layer="nightly", node="reflect", **context),
            **values,
        )

    return make


@pytest.fixture
async def make_client(
    make_config: Callable[..., Config], sqlite_template: Path, server: ModelServer
) -> AsyncIterator[MakeClient]:
    """Build a client that asks `server` as a provider's own client would; closed after the test."""
    clients: list[ModelClient] = []

    def make(
        provider: str = "openai",
        *,
        db: Database | None = None,
        clock: SimulatedClock | None = None,
        limits: dict[str, Any] | None = None,
        zone: str = "UTC",
        **profile: Any,
    ) -> ModelClient:
        values = {
            "provider": provider,
            "model": ASKABLE[provider],
            "base_url": server.base_url(provider),
            "api_key": KEY,
            "price": FREE,
            **profile,
        }
        models = {"profiles": {"default": values}, "limits": limits or {}}
        config = make_config(models=models, scheduler={"timezone": zone})
        if db is None:
            # It opens the configured store itself: here a copy, as migrating takes its time.
            config.data_dir.mkdir(exist_ok=True)
            shutil.copyfile(sqlite_template, config.data_dir / "zos.db")
        clients.append(ModelClient(config, db=db, clock=clock or SimulatedClock(NOON)))
        return clients[-1]

    yield make
    for client in clients:
        await client.close()


@pytest.fixture(params=sorted(ASKABLE))
def provider(request: pytest.FixtureRequest) -> str:
    """Each provider in turn."""
    return str(request.param)
