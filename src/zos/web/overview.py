"""The first page: what comes next, what ran last, what it costs, and what needs attention."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from zos.insights.model import InsightFilter
from zos.views.jobs import JobStatus
from zos.web.screen import Shown
from zos.web.services import Services

router = APIRouter()

_FIRES, _RUNS, _INSIGHTS = 8, 8, 8
_NIGHT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NextFire:
    """One coming fire of one layer. `starts_at`: with the layer's own offset."""

    layer: str
    starts_at: datetime


@router.get("/", name="overview")
async def overview(screen: Shown, services: Services) -> Response:
    """How everything stands, at a glance."""
    now = screen.now
    jobs = await services.jobs.all(now)
    discord = services.discord()
    health = await services.health.report(
        now, scheduler_runs=services.control.is_running, discord=discord
    )
    night = InsightFilter(since=now - _NIGHT)
    recent = await services.insights.page(night, limit=_INSIGHTS)
    return screen.render(
        "overview.html",
        fires=next_fires(jobs.jobs, _FIRES),
        running=[job.running for job in jobs.jobs if job.running is not None],
        waiting=sum(job.waiting for job in jobs.jobs),
        runs=(await services.runs.page(limit=_RUNS)).items,
        limits=await services.costs.limits(now),
        insights=recent,
        older=()
        if recent.items
        else (await services.insights.page(InsightFilter(), limit=3)).items,
        health=health,
        discord=discord,
    )


def next_fires(jobs: Sequence[JobStatus], count: int) -> list[NextFire]:
    """Return the next `count` fires of all layers that are neither disabled nor paused, soonest first."""
    found = [
        NextFire(job.layer, fire.utc + timedelta(seconds=job.offset_seconds))
        for job in jobs
        if job.paused is None
        for fire in job.next_fires
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.layer))[:count]
