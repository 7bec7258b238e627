"""What an operator asks from the command line: of the running service if there is one, else done here.

In: the configuration. Out: the same read models either way, so that a command need not know.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter

from zos.access.client import ServiceClient
from zos.access.runtime import find_service
from zos.config import Config
from zos.reflect.states import RunStatus
from zos.service.services import Services, build_services
from zos.views.jobs import JobList, JobStatus
from zos.views.page import Page
from zos.views.preview import PreviewView, preview_view
from zos.views.runs import RunDetail, RunView

POLL_SECONDS = 0.2

_Model = TypeVar("_Model")


class Operator(ABC):
    """The operator's hand. Errors are the service's own, wherever the work is done.

    Attributes:
        is_remote: Whether a running service does the work, and goes on with it when the command has ended.
    """

    is_remote: bool

    @abstractmethod
    async def jobs(self) -> JobList:
        """Return all jobs."""

    @abstractmethod
    async def job(self, layer: str) -> JobStatus:
        """Return one layer's job."""

    @abstractmethod
    async def runs(
        self,
        *,
        layer: str | None = None,
        statuses: Collection[RunStatus] = (),
        before: str | None = None,
        limit: int = 20,
    ) -> Page[RunView]:
        """Return runs, newest first."""

    @abstractmethod
    async def run(self, run_id: str) -> RunDetail:
        """Return one run with all that it did."""

    @abstractmethod
    async def preview(self, layer: str, topics: Sequence[str]) -> PreviewView:
        """Rehearse a layer: nothing is asked or written."""

    @abstractmethod
    async def trigger(self, layer: str, topics: Sequence[str], *, by: str) -> RunView:
        """Open a run and return it at once."""

    @abstractmethod
    async def pause(self, layer: str, *, by: str, note: str, until: datetime | None) -> JobStatus:
        """Pause a layer, or change its pause."""

    @abstractmethod
    async def resume(self, layer: str, *, by: str) -> JobStatus:
        """End a layer's pause."""

    async def wait(self, run_id: str, progress: Callable[[int, int], None]) -> RunView:
        """Return a run once it has ended, or nobody goes on with it for now.

        Args:
            run_id: The run.
            progress: Is told the targets done and in all, now and then.
        """
        while True:
            run = (await self.run(run_id)).run
            progress(run.targets_done, run.targets_total)
            if run.status.is_final or run.status is RunStatus.INTERRUPTED:
                return run
            await asyncio.sleep(POLL_SECONDS)


@asynccontextmanager
async def operator(config: Config) -> AsyncIterator[Operator]:
    """Find the service that runs on the configured database, or open that database here.

    Runs that were triggered here and have not ended with the block are interrupted: the next
    service, or the next trigger of the layer, takes them up.

    Raises:
        DatabaseError: If no service runs, and there is no database or an older one.
    """
    service = find_service(config)
    if service is not None:
        async with ServiceClient(service) as client:
            yield _Remote(client)
        return
    async with build_services(config, migrate=False) as services:
        try:
            yield _Local(services)
        finally:
            await services.scheduler.drain(0)
            await services.settle_self_concept()


class _Local(Operator):
    is_remote = False

    def __init__(self, services: Services) -> None:
        self._services = services

    async def jobs(self) -> JobList:
        return await self._services.jobs.all(self._services.clock.now())

    async def job(self, layer: str) -> JobStatus:
        return await self._services.jobs.get(layer, self._services.clock.now())

    async def runs(
        self,
        *,
        layer: str | None = None,
        statuses: Collection[RunStatus] = (),
        before: str | None = None,
        limit: int = 20,
    ) -> Page[RunView]:
        return await self._services.runs.page(
            layer=layer, statuses=statuses, before=before, limit=limit
        )

    async def run(self, run_id: str) -> RunDetail:
        return await self._services.runs.detail(run_id)

    async def preview(self, layer: str, topics: Sequence[str]) -> PreviewView:
        return preview_view(await self._services.preview(layer, topics))

    async def trigger(self, layer: str, topics: Sequence[str], *, by: str) -> RunView:
        run = await self._services.scheduler.request(layer, by=by, topics=topics)
        return await self._services.runs.get(run.id)

    async def pause(self, layer: str, *, by: str, note: str, until: datetime | None) -> JobStatus:
        await self._services.scheduler.pause(layer, by=by, note=note, until=until)
        return await self.job(layer)

    async def resume(self, layer: str, *, by: str) -> JobStatus:
        await self._services.scheduler.resume(layer, by=by)
        return await self.job(layer)


class _Remote(Operator):
    is_remote = True

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def jobs(self) -> JobList:
        return _read(JobList, await self._client.get("/jobs"))

    async def job(self, layer: str) -> JobStatus:
        return _read(JobStatus, await self._client.get(_job(layer)))

    async def runs(
        self,
        *,
        layer: str | None = None,
        statuses: Collection[RunStatus] = (),
        before: str | None = None,
        limit: int = 20,
    ) -> Page[RunView]:
        given = {"layer": layer, "before": before, "limit": limit, "status": [*statuses]}
        query = {key: value for key, value in given.items() if value}
        return _read(Page[RunView], await self._client.get("/runs", query))

    async def run(self, run_id: str) -> RunDetail:
        return _read(RunDetail, await self._client.get(f"/runs/{quote(run_id, safe='')}"))

    async def preview(self, layer: str, topics: Sequence[str]) -> PreviewView:
        body = {"topics": [*topics]}
        return _read(PreviewView, await self._client.post(f"{_job(layer)}/preview", body))

    async def trigger(self, layer: str, topics: Sequence[str], *, by: str) -> RunView:
        body = {"by": by, "topics": [*topics]}
        return _read(RunView, await self._client.post(f"{_job(layer)}/trigger", body))

    async def pause(self, layer: str, *, by: str, note: str, until: datetime | None) -> JobStatus:
        body = {"by": by, "note": note, "until": None if until is None else until.isoformat()}
        return _read(JobStatus, await self._client.post(f"{_job(layer)}/pause", body))

    async def resume(self, layer: str, *, by: str) -> JobStatus:
        return _read(JobStatus, await self._client.post(f"{_job(layer)}/resume", {"by": by}))


def _job(layer: str) -> str:
    return f"/jobs/{quote(layer, safe='')}"


def _read(model: type[_Model], content: Any) -> _Model:
    return TypeAdapter(model).validate_python(content)
