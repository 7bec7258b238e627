"""Routes of runs: what was done, and why not; and the operator's hand on what is not done yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field

from zos.access.principal import principal_of
from zos.api.asking import Asked, Asker, Note
from zos.api.parameters import Id, InsightId, Name
from zos.api.services import Services
from zos.prompts.labels import SOMEONE
from zos.reflect.states import RunStatus
from zos.views.page import MAX_LIMIT, Page
from zos.views.runs import RunDetail, RunView

router = APIRouter(prefix="/runs", tags=["runs"])


class CancelRequest(Asked):
    """Call a run off."""

    note: Note = Field("", examples=["the wrong topics"])


@router.get("", summary="Runs, newest first")
async def runs(
    services: Services,
    layer: Annotated[Name | None, Query(description="Only of this layer")] = None,
    status: Annotated[list[RunStatus], Query(description="Only in these states")] = [],  # noqa: B006 - FastAPI copies it
    before: Annotated[Id | None, Query(description="The cursor: a run's id")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
) -> Page[RunView]:
    """Runs, and the outcomes of fires that did not run."""
    return await services.runs.page(layer=layer, statuses=status, before=before, limit=limit)


@router.get("/{run_id}", summary="One run with all that it did")
async def run(run_id: InsightId, request: Request, services: Services) -> RunDetail:
    """A run with its targets, its model calls, what it considered, and the insights it left.

    Topics with members who have not consented are `someone` to all but operators.
    """
    detail = await services.runs.detail(run_id)
    reader = principal_of(request.scope)
    if reader is not None and reader.may_write:
        return detail
    topics = {one.topic for some in (detail.targets, detail.selection) for one in some}
    titles = await services.known.titles.of(topics | {one.topic for one in detail.insights})
    hidden = {key for key, one in titles.items() if not one.may_show}

    def shown(topic: str) -> str:
        return SOMEONE if topic in hidden else topic

    return replace(
        detail,
        targets=tuple(replace(one, topic=shown(one.topic)) for one in detail.targets),
        selection=tuple(replace(one, topic=shown(one.topic)) for one in detail.selection),
        insights=tuple(one for one in detail.insights if one.topic not in hidden),
    )


@router.post("/{run_id}/cancel", summary="Call a run off")
async def cancel_run(
    run_id: InsightId, services: Services, asker: Asker, request: CancelRequest | None = None
) -> RunView:
    """What is finished of it stays, and is never done again; the rest is given up. Its layer is free."""
    asked = request or CancelRequest()
    await services.control.cancel(run_id, by=asked.by or asker, note=asked.note)
    return await services.runs.get(run_id)
