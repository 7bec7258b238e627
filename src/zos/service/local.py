"""The operator's hand where no service runs: the work is done in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime

from zos.access.audit.recording import recorded
from zos.access.principal import Principal
from zos.config import Config
from zos.core.consent import ConsentState
from zos.members.model import ConsentChange, Dispute, Erasure
from zos.reflect.states import RunStatus
from zos.service.operator import Operator
from zos.service.services import Services, build_services
from zos.views.jobs import JobList, JobStatus
from zos.views.page import Page
from zos.views.preview import PreviewView, preview_view
from zos.views.runs import RunDetail, RunView


@asynccontextmanager
async def working(config: Config) -> AsyncIterator[Operator]:
    """Open the store for the length of a block; runs that have not ended with it are interrupted.

    Raises:
        DatabaseError: If there is no store, or its schema is not this program's.
    """
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
        async with self._recorded(by, "trigger", layer):
            run = await self._services.scheduler.request(layer, by=by, topics=topics)
        return await self._services.runs.get(run.id)

    async def cancel(self, run_id: str, *, by: str, note: str) -> RunView:
        async with self._recorded(by, "cancel_run", f"run {run_id}"):
            await self._services.scheduler.cancel(run_id, by=by, note=note)
        return await self._services.runs.get(run_id)

    async def pause(self, layer: str, *, by: str, note: str, until: datetime | None) -> JobStatus:
        async with self._recorded(by, "pause", layer):
            await self._services.scheduler.pause(layer, by=by, note=note, until=until)
        return await self.job(layer)

    async def resume(self, layer: str, *, by: str) -> JobStatus:
        async with self._recorded(by, "resume", layer):
            await self._services.scheduler.resume(layer, by=by)
        return await self.job(layer)

    async def set_consent(self, member_id: int, state: ConsentState, *, by: str) -> ConsentChange:
        async with self._recorded(by, "consent", f"member {member_id}"):
            return await self._services.members.set_consent(member_id, state, by)

    async def dispute(self, member_id: int, insight_id: str, text: str, *, by: str) -> Dispute:
        async with self._recorded(by, "dispute", f"insight {insight_id}"):
            return await self._services.members.dispute(member_id, insight_id, text, by)

    async def forget(
        self, member_id: int, *, by: str, progress: Callable[[int, int], None]
    ) -> Erasure:
        async with self._recorded(by, "forget", f"member {member_id}"):
            return await self._services.members.forget(member_id, by, progress)

    def _recorded(self, by: str, action: str, target: str) -> AbstractAsyncContextManager[object]:
        return recorded(self._services.audit, Principal.at_terminal(by), action, target)
