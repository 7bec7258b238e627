"""The first page: what comes next, what ran last, what it costs, and what needs attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter
from starlette.responses import Response

from zos.insights.model import InsightFilter
from zos.reflect.states import RunStatus
from zos.views.health import NO_SCHEDULER, Notice, notices
from zos.views.jobs import JobStatus
from zos.web.agenda import is_paused_at
from zos.web.screen import Shown
from zos.web.services import Services
from zos.web.words import plural

router = APIRouter()

_FIRES, _RUNS, _INSIGHTS = 6, 8, 5
_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NextFire:
    """One coming fire of one layer. `starts_at`: with the layer's own offset."""

    layer: str
    starts_at: datetime


@router.get("/", name="overview")
async def overview(screen: Shown, services: Services) -> Response:
    """How everything stands, at a glance."""
    now, discord = screen.now, services.discord()
    jobs = await services.jobs.all(now)
    obstacles = () if services.control.is_running else (Notice(NO_SCHEDULER),)
    since = now - _DAY
    return screen.render(
        "overview.html",
        fires=next_fires(jobs.jobs, _FIRES),
        open_runs=sum((job.running is not None) + job.waiting for job in jobs.jobs),
        since=since,
        day=day_in_words(await services.runs.counts_since(since)),
        runs=(await services.runs.page(limit=_RUNS)).items,
        limits=await services.costs.limits(now),
        insights=(await services.insights.page(InsightFilter(), limit=_INSIGHTS)).items,
        obstacles=obstacles,
        notices=tuple(notices(jobs, discord)),
        discord=discord,
    )


def next_fires(jobs: Sequence[JobStatus], count: int) -> list[NextFire]:
    """Return the next `count` fires of all layers that are neither disabled nor paused, soonest first.

    A pause that ends by itself lets the fires after it through.
    """
    found = [
        NextFire(job.layer, fire.utc + timedelta(seconds=job.offset_seconds))
        for job in jobs
        for fire in job.next_fires
        if not is_paused_at(job, fire.utc)
    ]
    return sorted(found, key=lambda one: (one.starts_at, one.layer))[:count]


def day_in_words(counts: Mapping[RunStatus, int]) -> tuple[str, str]:
    """Return how a day's runs ended, as a figure and a note: `9 runs`, `1 failed, 2 did not run`."""
    bad = sum(counts.get(one, 0) for one in (RunStatus.FAILED, RunStatus.PARTIAL))
    not_run = sum(
        counts.get(one, 0)
        for one in (
            RunStatus.MISSED,
            RunStatus.SKIPPED,
            RunStatus.COALESCED,
            RunStatus.CANCELLED,
        )
    )
    ran = sum(counts.values()) - not_run
    parts = [f"{bad:,} with failures"] if bad else []
    parts += [f"{not_run:,} did not run"] if not_run else []
    return plural(ran, "run"), ", ".join(parts) or ("all went well" if ran else "")
