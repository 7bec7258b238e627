"""What models cost: against the limits, by day and model, by layer and server; each figure leads to its calls."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from markupsafe import Markup
from starlette.responses import Response

from zos.views.costs import CostOverview, CostRow
from zos.web.charts.costs import MAX_SERIES, DayBar, cost_bars
from zos.web.rendering import with_query
from zos.web.screen import Screen, Shown
from zos.web.services import Services
from zos.web.words import money, plural

router = APIRouter()

_RANGES = (7, 30, 90)
_OTHERS = "other models"


@router.get("/costs", name="costs")
async def costs(
    screen: Shown,
    services: Services,
    days: Annotated[int, Query(ge=1, le=_RANGES[-1])] = _RANGES[0],
) -> Response:
    """The costs of the last days."""
    found = await services.costs.overview(now=screen.now, days=days)
    today = date.fromisoformat(found.days[-1].name)
    range_ = {"first": found.days[0].name, "last": today.isoformat()}
    starts = {"day": today, "month": today.replace(day=1)}
    limits = [(one, {**range_, "first": starts[one.name].isoformat()}) for one in found.limits]
    return screen.render(
        "costs.html",
        found=found,
        limits=limits,
        range=range_,
        choices=[
            (plural(one, "day"), with_query(screen.path("costs"), days=one), one == days)
            for one in _RANGES
        ],
        series=series_of(found.models),
        chart=chart_of(found, screen),
        cost_zone=ZoneInfo(services.config.scheduler.timezone),
    )


def series_of(models: tuple[CostRow, ...]) -> list[str]:
    """Return the series of the chart: the dearest models, and all others as one."""
    names = [row.name for row in models if row.cost_usd]
    return names if len(names) <= MAX_SERIES else [*names[: MAX_SERIES - 1], _OTHERS]


def chart_of(found: CostOverview, screen: Screen) -> Markup | None:
    """Return the bars of the days; None where nothing was spent."""
    series = series_of(found.models)
    if not series:
        return None
    label = f"Costs by day: {money(found.total.cost_usd)} in {plural(len(found.days), 'day')}"
    return cost_bars([_bar(row, found, series, screen) for row in found.days], label)


def _bar(row: CostRow, found: CostOverview, series: list[str], screen: Screen) -> DayBar:
    parts = [found.by_day_and_model.get((row.name, model), 0.0) for model in series]
    if series[-1] == _OTHERS:
        parts[-1] = max(row.cost_usd - sum(parts), 0.0)
    day = date.fromisoformat(row.name)
    return DayBar(
        day=day,
        title=f"{day:%A} {day.day} {day:%B}: {money(row.cost_usd)}, {plural(row.calls, 'call')}",
        path=with_query(screen.path("calls"), first=row.name, last=row.name),
        parts=tuple(parts),
    )
