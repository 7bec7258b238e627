"""Routes of jobs: what layers have promised, and the operator's hand on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response, status
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from zos.api.asking import Asked, Asker, Note
from zos.api.services import Services
from zos.views.jobs import JobList, JobStatus
from zos.views.page import MAX_LIMIT, Page
from zos.views.preview import PreviewView, preview_view
from zos.views.runs import RunView
from zos.views.slots import SlotView

router = APIRouter(prefix="/jobs", tags=["jobs"])

LayerName = Annotated[
    str, Path(description="The layer's name", examples=["nightly-channel-reflection"])
]
Topics = Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=200)]


class TriggerRequest(Asked):
    """Run a layer now. A pause stays in force."""

    topics: Topics = Field(
        [],
        description="Topic keys to reflect on, whatever their salience; none: as the layer selects",
        examples=[["server:81384788765712384:channel:381870553235193857"]],
    )


class PauseRequest(Asked):
    """Pause a layer, or change its pause."""

    note: Note = Field("", examples=["moving house"])
    until: AwareDatetime | None = Field(
        None, description="When it ends by itself; null: when somebody resumes the layer"
    )


class PreviewRequest(BaseModel):
    """Rehearse a layer."""

    model_config = ConfigDict(extra="forbid")

    topics: Topics = Field([], description="As for a trigger")


@router.get("", summary="All jobs")
async def jobs(services: Services) -> JobList:
    """Every layer with its promise, its next fires, and what became of the last ones."""
    return await services.jobs.all(services.clock.now())


@router.get("/{layer}", summary="One job")
async def job(layer: LayerName, services: Services) -> JobStatus:
    """One layer with its promise, its next fires, and what became of the last ones."""
    return await services.jobs.get(layer, services.clock.now())


@router.get("/{layer}/slots", summary="What became of a layer's slots")
async def slots(
    layer: LayerName,
    services: Services,
    before: Annotated[
        AwareDatetime | None, Query(description="The cursor: only slots before this time")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
) -> Page[SlotView]:
    """Every recorded slot, newest first: ran, coalesced, missed or skipped, and why."""
    zone = services.jobs.zone_of(layer)
    return await services.slots.page(layer, zone, before=before, limit=limit)


@router.post("/{layer}/trigger", status_code=status.HTTP_202_ACCEPTED, summary="Run a layer now")
async def trigger(
    *,
    layer: LayerName,
    services: Services,
    asker: Asker,
    response: Response,
    request: TriggerRequest | None = None,
    idempotency_key: Annotated[
        str | None,
        Header(max_length=100, description="A repeated request of the same key is the same run"),
    ] = None,
) -> RunView:
    """Open a run and return it at once. It waits its turn if the layer is running already."""
    asked = request or TriggerRequest()
    run = await services.control.request(
        layer, by=asked.by or asker, topics=asked.topics, request_key=idempotency_key
    )
    response.headers["location"] = f"/api/v1/runs/{run.id}"
    return await services.runs.get(run.id)


@router.post("/{layer}/pause", summary="Pause a layer")
async def pause(
    layer: LayerName, services: Services, asker: Asker, request: PauseRequest | None = None
) -> JobStatus:
    """Let its fires go by, each recorded as skipped, until it is resumed or the pause ends."""
    asked = request or PauseRequest()
    await services.control.pause(layer, by=asked.by or asker, note=asked.note, until=asked.until)
    return await services.jobs.get(layer, services.clock.now())


@router.post("/{layer}/resume", summary="Resume a layer")
async def resume(
    layer: LayerName, services: Services, asker: Asker, request: Asked | None = None
) -> JobStatus:
    """End its pause and forget its failures."""
    await services.control.resume(layer, by=(request or Asked()).by or asker)
    return await services.jobs.get(layer, services.clock.now())


@router.post("/{layer}/preview", summary="Rehearse a layer")
async def preview(
    layer: LayerName, services: Services, request: PreviewRequest | None = None
) -> PreviewView:
    """What a run would select and ask now, and what that would cost. Nothing is asked or written."""
    asked = request or PreviewRequest()
    return preview_view(await services.preview(layer, asked.topics))
