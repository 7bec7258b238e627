"""What slash commands need, as `service` hands it to them: the same objects that the API is given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zos.access.audit.store import AuditLog
from zos.config.model import DiscordConfig
from zos.core.clock import Clock
from zos.members.rights import Members
from zos.scheduler.control import Control
from zos.views.costs import CostsView
from zos.views.health import HealthView
from zos.views.jobs import JobsView
from zos.views.runs import RunsView


@dataclass(frozen=True, slots=True)
class BotServices:
    """The commands' collaborators.

    Attributes:
        settings: The configuration's `discord` section.
        layers: Names the layers in force.
        control: Triggers, pauses and resumes layers.
        is_scheduling: Says whether layers fire.
        audit: The record of what operators change.
        published: A file that remembers which commands Discord was told of.
    """

    settings: DiscordConfig
    clock: Clock
    jobs: JobsView
    runs: RunsView
    costs: CostsView
    health: HealthView
    members: Members
    layers: Callable[[], Sequence[str]]
    control: Control
    is_scheduling: Callable[[], bool]
    audit: AuditLog
    published: Path
