"""Routes about the service itself: alive, ready, measured, listened to."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from zos.api.events import EventStream
from zos.api.parameters import Id
from zos.api.services import Services
from zos.views.health import Health
from zos.views.jobs import JobList

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

alive = APIRouter(tags=["service"])
root = APIRouter(tags=["service"])
router = APIRouter(tags=["service"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


@alive.get("/healthz", summary="Is the process alive?")
async def healthz() -> Alive:
    """The only route without a token. It says nothing but that the process answers."""
    return Alive()


@root.get(
    "/readyz",
    summary="Will layers run as promised?",
    responses={
        HTTPStatus.SERVICE_UNAVAILABLE.value: {"model": Health, "description": "They will not"}
    },
)
async def readyz(services: Services, response: Response) -> Health:
    """200 if they will, 503 if not; with what stands in the way and what deserves a look."""
    health = await services.health.report(
        services.clock.now(),
        scheduler_runs=services.control.is_running,
        discord=services.discord(),
    )
    if not health.ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return health


@root.get(
    "/metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}}},
)
async def metrics(services: Services) -> Response:
    """Fires, lateness, runs by outcome, targets, tokens, dollars and the queue."""
    return Response(await services.metrics.render(), media_type=METRICS_TYPE)


@router.post("/reload", summary="Read the layers' files again")
async def reload(services: Services) -> JobList:
    """A layer that breaks keeps its last good version; `problems` says what is wrong with its file."""
    await services.control.reload()
    return await services.jobs.all(services.clock.now())


@router.get(
    "/events",
    summary="Changes of runs and jobs, as they happen",
    response_class=Response,
    responses={
        200: {
            "description": "Events `run` (data: a run), `job` (data: the layer whose job to read "
            "again) and `resync` (read everything again; it comes first, but for `mark`)",
            "content": {"text/event-stream": {}},
        }
    },
)
async def events(
    services: Services,
    mark: Annotated[
        Id, Query(description="A page's: no `resync` comes first if nothing changed since")
    ] = "",
) -> EventStream:
    """Server-sent events, from now on; the first says to read everything again. A comment every 15 seconds says that the line stands."""
    subscription = services.events.subscribe(mark)
    return EventStream(subscription, await subscription.__aenter__())
