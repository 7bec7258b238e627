"""A real server on the loopback address, for tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from zos.api.binding import bind, local_url
from zos.api.server import ApiServer
from zos.config.model import ApiConfig


@asynccontextmanager
async def serving(app: ASGIApp, settings: ApiConfig | None = None) -> AsyncIterator[str]:
    """Serve `app` for the length of a block; its URL."""
    settings = settings or ApiConfig(port=0)
    listening = bind(settings)
    server = ApiServer(app, settings)
    task = asyncio.create_task(server.run_on(listening))
    try:
        yield local_url(listening, settings)
    finally:
        server.stop()
        await task
