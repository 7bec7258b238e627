"""Routes of runs: what was done, and why not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from zos.api.services import Services
from zos.reflect.states import RunStatus
from zos.views.page import MAX_LIMIT, Page
from zos.views.runs import RunDetail, RunView

router = APIRouter(prefix="/runs", tags=["runs"])


@router.get("", summary="Runs, newest first")
async def runs(
    services: Services,
    layer: Annotated[str | None, Query(description="Only of this layer")] = None,
    status: Annotated[list[RunStatus], Query(description="Only in these states")] = [],  # noqa: B006 - FastAPI copies it
    before: Annotated[
        str | None, Query(max_length=26, description="The cursor: a run's id")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
) -> Page[RunView]:
    """Runs, and the outcomes of fires that did not run."""
    return await services.runs.page(layer=layer, statuses=status, before=before, limit=limit)


@router.get("/{run_id}", summary="One run with all that it did")
async def run(
    run_id: Annotated[str, Path(max_length=26, examples=["01KAF2W8G0T5YQ7WVJ7T8W2C4D"])],
    services: Services,
) -> RunDetail:
    """A run with its targets, its model calls, what it considered, and the insights it left."""
    return await services.runs.detail(run_id)
