"""Dead-man pings: a GET that tells a watcher elsewhere that a layer, or the scheduler, is alive.

`<url>/start` when a run begins, `<url>` when it has ended well, `<url>/fail` when it has not or was
called off, as healthchecks.io and its like expect; nothing when another fire took its place. The
addresses are the operator's own; why a run ended is no part of a ping, since that may name people.
A ping never holds up or fails anything.
"""

from __future__ import annotations

import httpx
import structlog

from zos.reflect.layer import Layer
from zos.reflect.runs.model import LayerRun
from zos.reflect.states import RunStatus
from zos.scheduler.tasks import Tasks

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 10.0
_ATTEMPTS = 3
_BAD = frozenset({RunStatus.FAILED, RunStatus.PARTIAL, RunStatus.CANCELLED})


class Pings:
    """Sends pings in the background."""

    def __init__(self) -> None:
        self._tasks = Tasks()

    def begun(self, layer: Layer) -> None:
        """Tell the layer's watcher that a run has begun."""
        if layer.ping_url:
            self.send(f"{layer.ping_url.rstrip('/')}/start")

    def ended(self, run: LayerRun, layer: Layer) -> None:
        """Tell the layer's watcher how a run has ended."""
        if layer.ping_url:
            base = layer.ping_url.rstrip("/")
            self.send(f"{base}/fail" if run.status in _BAD else base)

    def send(self, url: str) -> None:
        """Send one ping."""
        self._tasks.spawn(_get(url), "ping")

    async def close(self) -> None:
        """Wait for pings under way (a few seconds at most)."""
        await self._tasks.settle()


async def _get(url: str) -> None:
    """Ask for `url`, a few times; the address is not logged, since its path is often a secret."""
    reason = ""
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
        for _ in range(_ATTEMPTS):
            try:
                response = await client.get(url)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = type(error).__name__
            else:
                if response.is_success:
                    return
                reason = f"HTTP {response.status_code}"
    log.warning("ping_failed", host=httpx.URL(url).host, reason=reason)
