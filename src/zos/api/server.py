"""The HTTP server, embedded: it answers until it is told to stop, and leaves signals alone.

In: an application and a listening socket. Out: nothing; the caller owns the task that serves.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from zos.api.protocol import BoundedProtocol
from zos.config.model import ApiConfig

_GRACE_SECONDS = 3
_KEEP_ALIVE_SECONDS = 15
_MAX_CONNECTIONS = 256


class ApiServer(uvicorn.Server):
    """Serves one application on one socket.

    Args:
        app: What answers.
        settings: The configuration's `api` section: TLS or not.
    """

    def __init__(self, app: ASGIApp, settings: ApiConfig) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=BoundedProtocol,
                lifespan="off",
                ws="none",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                limit_concurrency=_MAX_CONNECTIONS,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                ssl_certfile=settings.tls_certificate,
                ssl_keyfile=settings.tls_key,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the service: they stop more than this server."""
        yield

    async def run_on(self, listening: socket.socket) -> None:
        """Serve until `stop`, then finish the answers under way for a few seconds."""
        await self.serve(sockets=[listening])

    def stop(self) -> None:
        """Take no more requests and end."""
        self.should_exit = True
