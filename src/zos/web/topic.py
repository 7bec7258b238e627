"""One topic: what it held over time, why it is or is not thought about, and what came of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from zos.insights.model import InsightFilter
from zos.views.curve import days_of
from zos.views.topics import CURVE_ROWS
from zos.web.charts.salience import salience_curve
from zos.web.naming import CHANGES, KINDS
from zos.web.parameters import PathTopic
from zos.web.screen import Shown
from zos.web.services import Services

router = APIRouter()

_INSIGHTS, _CHANGES = 3, 25


@router.get("/topics/{topic}", name="topic")
async def topic(
    topic: PathTopic,
    screen: Shown,
    services: Services,
    before: Annotated[int | None, Query(ge=0, le=2**63 - 1)] = None,
) -> Response:
    """A topic with its curve, its ledger, the decisions about it, its insights and its runs."""
    known = services.known
    found = await known.topics.detail(topic)
    points = await known.topics.curve(topic)
    chart = points and salience_curve(
        points,
        cap=found.topic.cap,
        until=screen.now,
        zone=screen.zone,
        run=lambda run_id: screen.path("run", run_id=run_id),
    )
    return screen.render(
        "topic.html",
        topic=found.topic,
        why=found.why,
        runs=found.runs,
        chart=chart,
        days=days_of(points, screen.zone),
        is_cut=len(points) == CURVE_ROWS,
        changes=await known.topics.ledger(topic, before=before, limit=_CHANGES),
        is_first=before is None,
        insights=await known.insights.page(InsightFilter(topic=topic), limit=_INSIGHTS),
        server=await _server_name(services, found.topic.server_id),
        kinds=KINDS,
        change_names=CHANGES,
    )


async def _server_name(services: Services, server_id: int | None) -> str | None:
    names = {one.id: one.name for one in await services.known.servers.all()}
    return None if server_id is None else names.get(server_id, str(server_id))
