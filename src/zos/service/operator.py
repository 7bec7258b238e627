"""What an operator asks from the command line: of the running service if there is one, else done here.

In: the configuration. Out: the same read models either way, so that a command need not know.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from zos.access.runtime import find_service
from zos.config import Config
from zos.reflect.states import RunStatus

if TYPE_CHECKING:
    from zos.core.consent import ConsentState
    from zos.members.model import ConsentChange, Dispute, Erasure
    from zos.views.jobs import JobList, JobStatus
    from zos.views.page import Page
    from zos.views.preview import PreviewView
    from zos.views.runs import RunDetail, RunView

POLL_SECONDS = 0.2


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
    async def cancel(self, run_id: str, *, by: str, note: str) -> RunView:
        """Call off a run that has not ended, and return it."""

    @abstractmethod
    async def pause(self, layer: str, *, by: str, note: str, until: datetime | None) -> JobStatus:
        """Pause a layer, or change its pause."""

    @abstractmethod
    async def resume(self, layer: str, *, by: str) -> JobStatus:
        """End a layer's pause."""

    @abstractmethod
    async def set_consent(self, member_id: int, state: ConsentState, *, by: str) -> ConsentChange:
        """Record what a member says about being thought about."""

    @abstractmethod
    async def dispute(self, member_id: int, insight_id: str, text: str, *, by: str) -> Dispute:
        """Hold something against an insight that a member is in."""

    @abstractmethod
    async def forget(
        self, member_id: int, *, by: str, progress: Callable[[int, int], None]
    ) -> Erasure:
        """Erase a member and return the receipt; a service goes on with it whoever stops waiting.

        Args:
            member_id: The member.
            by: Who asks for it.
            progress: Is told the messages erased and in all, now and then.
        """

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
        from zos.service.remote import asking

        async with asking(service) as remote:
            yield remote
    else:
        from zos.service.local import working

        async with working(config) as local:
            yield local
