"""What the pages need, as `service` hands it to them. Nothing here knows how it is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from zos.access.access import Access
from zos.config import Config
from zos.core.clock import Clock
from zos.members.rights import Members
from zos.reflect.loader import LayerLoader
from zos.reflect.preview import Preview
from zos.scheduler import ReflectionScheduler
from zos.views.costs import CostsView
from zos.views.health import DiscordStatus, HealthView
from zos.views.insights import InsightsView
from zos.views.jobs import JobsView
from zos.views.known import KnownViews
from zos.views.runs import RunsView
from zos.views.slots import SlotsView
from zos.views.storage import StorageView
from zos.web.reference import Group

Rehearse = Callable[[str, Sequence[str]], Awaitable[Preview]]
"""A layer's name and topic keys (none: as it selects) → what it would do."""


@dataclass(frozen=True, slots=True)
class WebServices:
    """The pages' collaborators.

    Attributes:
        discord: Says how the connection to Discord stands.
        access: Who may ask, and the record of what they changed.
        control: Triggers, pauses and resumes layers.
        events_path: Returns where changes from now on are told as server-sent events.
        document_path: Where the API describes itself to programs.
        reference: Returns the same for people; blocks for a moment the first time.
    """

    config: Config
    clock: Clock
    loader: LayerLoader
    jobs: JobsView
    slots: SlotsView
    runs: RunsView
    costs: CostsView
    insights: InsightsView
    known: KnownViews
    health: HealthView
    members: Members
    storage: StorageView
    discord: Callable[[], DiscordStatus]
    control: ReflectionScheduler
    preview: Rehearse
    events_path: Callable[[], str]
    document_path: str
    reference: Callable[[], Sequence[Group]]
    access: Access


def services_of(request: Request) -> WebServices:
    """Return what the pages were made with."""
    services: WebServices = request.state.services
    return services


Services = Annotated[WebServices, Depends(services_of)]
"""A page's parameter of this type is filled in."""
