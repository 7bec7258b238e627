"""The operator's hand where a service runs: it is asked, and its answers become the same read models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import TypeAdapter

from zos.access.client import ServiceClient
from zos.access.runtime import RunningService
from zos.core.consent import ConsentState
from zos.members.model import ConsentChange, Dispute, Erasure, Known
from zos.reflect.states import RunStatus
from zos.service.operator import POLL_SECONDS, Operator
from zos.views.jobs import JobList, JobStatus
from zos.views.page import Page
from zos.views.preview import PreviewView
from zos.views.runs import RunDetail, RunView

_Model = TypeVar("_Model")


@asynccontextmanager
async def asking(service: RunningService) -> AsyncIterator[Operator]:
    """Ask `service` for the length of a block."""
    async with ServiceClient(service) as client:
        yield _Remote(client)


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
        return _read(RunDetail, await self._client.get(_run(run_id)))

    async def preview(self, layer: str, topics: Sequence[str]) -> PreviewView:
        body = {"topics": [*topics]}
        return _read(PreviewView, await self._client.post(f"{_job(layer)}/preview", body))

    async def trigger(self, layer: str, topics: Sequence[str], *, by: str) -> RunView:
        body = {"by": by, "topics": [*topics]}
        return _read(RunView, await self._client.post(f"{_job(layer)}/trigger", body))

    async def cancel(self, run_id: str, *, by: str, note: str) -> RunView:
        body = {"by": by, "note": note}
        return _read(RunView, await self._client.post(f"{_run(run_id)}/cancel", body))

    async def pause(self, layer: str, *, by: str, note: str, until: datetime | None) -> JobStatus:
        body = {"by": by, "note": note, "until": None if until is None else until.isoformat()}
        return _read(JobStatus, await self._client.post(f"{_job(layer)}/pause", body))

    async def resume(self, layer: str, *, by: str) -> JobStatus:
        return _read(JobStatus, await self._client.post(f"{_job(layer)}/resume", {"by": by}))

    async def set_consent(self, member_id: int, state: ConsentState, *, by: str) -> ConsentChange:
        body = {"by": by, "state": state.value}
        return _read(ConsentChange, await self._client.post(f"/members/{member_id}/consent", body))

    async def dispute(self, member_id: int, insight_id: str, text: str, *, by: str) -> Dispute:
        body = {"by": by, "insight_id": insight_id, "text": text}
        return _read(Dispute, await self._client.post(f"/members/{member_id}/disputes", body))

    async def forget(
        self, member_id: int, *, by: str, progress: Callable[[int, int], None]
    ) -> Erasure:
        path = f"/members/{member_id}"
        total = _read(Known, await self._client.get(path)).messages.total
        erasure = _read(Erasure, await self._client.post(f"{path}/forget", {"by": by}))
        while erasure.completed_at is None:
            progress(min(erasure.receipt.get("messages", 0), total), total)
            await asyncio.sleep(POLL_SECONDS)
            erasure = _read(Erasure, await self._client.get(f"{path}/erasure"))
        return erasure


def _job(layer: str) -> str:
    return f"/jobs/{quote(layer, safe='')}"


def _run(run_id: str) -> str:
    return f"/runs/{quote(run_id, safe='')}"


def _read(model: type[_Model], content: Any) -> _Model:
    return TypeAdapter(model).validate_python(content)
