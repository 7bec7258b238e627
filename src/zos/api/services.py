"""What the routes need, as `service` hands it to them. Nothing here knows how it is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request

from zos.access.access import Access
from zos.api.events import EventHub
from zos.api.metrics import Metrics
from zos.core.clock import Clock
from zos.members.rights import Members
from zos.reflect.preview import Preview
from zos.reflect.runs.model import LayerRun
from zos.views.health import DiscordStatus, HealthView
from zos.views.jobs import JobsView
from zos.views.known import KnownViews
from zos.views.runs import RunsView
from zos.views.slots import SlotsView


class JobControl(Protocol):
    """What an operator can do to jobs and their runs."""

    @property
    def is_running(self) -> bool:
        """Whether layers fire: started, and not on the way to a stop."""
        ...

    async def reload(self) -> None:
        """Read the layers' files again."""
        ...

    async def request(
        self,
        layer: str,
        *,
        by: str,
        topics: Sequence[str] = (),
        request_key: str | None = None,
    ) -> LayerRun:
        """Open a manual run, or return the earlier one of the same key, without waiting for it."""
        ...

    async def cancel(self, run_id: str, *, by: str, note: str) -> LayerRun:
        """Call off a run that has not ended."""
        ...

    async def pause(self, layer: str, *, by: str, note: str, until: datetime | None) -> None:
        """Pause a layer, or change its pause."""
        ...

    async def resume(self, layer: str, *, by: str) -> None:
        """End a layer's pause."""
        ...


Rehearse = Callable[[str, Sequence[str]], Awaitable[Preview]]
"""A layer's name and topic keys (none: as it selects) → what it would do."""


@dataclass(frozen=True, slots=True)
class ApiServices:
    """The routes' collaborators.

    Attributes:
        discord: Says how the connection to Discord stands.
        access: Who may ask, and the record of what they changed.
    """

    clock: Clock
    jobs: JobsView
    slots: SlotsView
    runs: RunsView
    known: KnownViews
    members: Members
    health: HealthView
    discord: Callable[[], DiscordStatus]
    control: JobControl
    preview: Rehearse
    events: EventHub
    metrics: Metrics
    access: Access


def services_of(request: Request) -> ApiServices:
    """Return what the application was made with."""
    services: ApiServices = request.state.services
    return services


Services = Annotated[ApiServices, Depends(services_of)]
"""A route's parameter of this type is filled in."""
