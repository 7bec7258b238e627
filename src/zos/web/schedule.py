"""The schedule: a fortnight back with what became of every slot, and a fortnight ahead.

Or the fortnights around an earlier day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from zos.views.jobs import JobStatus
from zos.web.agenda import Due, by_day_if_many, coming, past
from zos.web.charts.timeline import Mark, Span, span_of, timeline
from zos.web.screen import Screen, Shown
from zos.web.services import Services, WebServices
from zos.web.words import long_day, short_time

router = APIRouter()

_DAYS = 14
_APART = timedelta(days=2 * _DAYS)
_FIRST_DAY = date(2015, 1, 1)  # before Discord there is nothing to look at
_LISTED, _LISTED_AHEAD = 100, 50


class Layout(StrEnum):
    """How slots are shown: drawn over time, or listed."""

    TIME = "time"
    LIST = "list"


@router.get("/schedule", name="schedule")
async def schedule(
    screen: Shown, services: Services, layout: Layout = Layout.TIME, day: date | None = None
) -> Response:
    """Every layer's slots around a day (today), past and coming, and how each layer stands."""
    jobs = (await services.jobs.all(screen.now)).jobs
    today = screen.now.astimezone(screen.zone).date()
    middle = today if day is None else max(_FIRST_DAY, min(day, today))
    span = span_of(middle, screen.now, screen.zone, _DAYS)
    recorded = await services.slots.between([job.layer for job in jobs], span.start, span.end)
    before = past(recorded.slots)
    after = _coming(services, jobs, span)
    is_list = layout is Layout.LIST
    ahead = sorted(after, key=lambda one: (one.at, one.layer))
    return screen.render(
        "schedule.html",
        jobs=jobs,
        **_elsewhen(screen, middle, today, recorded.before),
        layout=layout if is_list else None,
        is_list=is_list,
        is_cut=recorded.is_cut,
        oldest=before[-1].at if before else None,
        chart=None if is_list else _chart(screen, jobs, [*before, *after], span),
        before=before[:_LISTED],
        after=ahead[:_LISTED_AHEAD],
        more_before=len(before) > _LISTED,
    )


def _elsewhen(screen: Screen, middle: date, today: date, before: datetime | None) -> dict[str, Any]:
    """Return what leads from the days that are shown to others."""
    is_now = middle == today
    return {
        "is_now": is_now,
        "middle": middle,
        "chosen": None if is_now else middle,
        "earlier": middle - _APART,
        "later": min(middle + _APART, today),
        "last_before": before,
        "last_day": None if before is None else before.astimezone(screen.zone).date(),
    }


def _coming(services: WebServices, jobs: Sequence[JobStatus], span: Span) -> list[Due]:
    sources = services.loader.sources
    return [
        due
        for job in jobs
        if job.layer in sources
        for due in coming(sources[job.layer].layer, job, span.end - timedelta(seconds=1))
    ]


def _chart(screen: Screen, jobs: Sequence[JobStatus], slots: Sequence[Due], span: Span) -> Markup:
    of_layer: defaultdict[str, list[Due]] = defaultdict(list)
    for one in slots:
        of_layer[one.layer].append(one)
    lanes = [_lane(screen, job.layer, of_layer[job.layer]) for job in jobs]
    return timeline(
        lanes, span, f"Fires of every layer in the fortnights around {long_day(span.middle)}"
    )


def _lane(screen: Screen, layer: str, slots: Sequence[Due]) -> list[Mark]:
    several = screen.path("slots", layer=layer)
    return [_mark(screen, one, several) for one in by_day_if_many(slots, screen.zone)]


def _mark(screen: Screen, due: Due, several: str) -> Mark:
    when = short_time(due.at, screen.zone, screen.now)
    if due.last != due.at:
        when = f"{when} to {short_time(due.last, screen.zone, screen.now)}"
    said = f"{due.layer}, {when}: {due.state}"
    title = f"{said}, {due.reason}" if due.reason else said
    past = several if due.run_id is None else screen.path("run", run_id=due.run_id)
    return Mark(past if due.is_past else None, title, due.tone, due.at, due.last)
