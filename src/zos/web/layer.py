"""One layer: its promise, its next fires, what became of the last ones, and its file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from zos.views.slots import SlotView
from zos.web.parameters import CHOSEN
from zos.web.screen import Shown
from zos.web.services import Services

router = APIRouter()

LayerName = Annotated[str, Path(max_length=63, pattern=r"^[^\x00]*$")]
_SLOTS = 10
_LATENESS_OF = 50


@router.get("/layers/{layer}", name="layer")
async def layer(layer: LayerName, screen: Shown, services: Services) -> Response:
    """A layer with all that is known about its schedule."""
    job = await services.jobs.get(layer, screen.now)
    zone = services.jobs.zone_of(layer)
    slots = await services.slots.page(layer, zone, limit=_LATENESS_OF)
    return screen.render(
        "layer.html",
        job=job,
        source=services.loader.sources[layer],
        slots=slots.items[:_SLOTS],
        has_more=len(slots.items) > _SLOTS,
        lateness=lateness_of(slots.items),
        runs=(await services.runs.page(layer=layer, limit=5)).items if not slots.items else (),
        config=services.config,
        until=datetime_local(job.paused.until, screen) if job.paused else "",
    )


@router.get("/layers/{layer}/slots", name="slots")
async def slots(
    layer: LayerName,
    screen: Shown,
    services: Services,
    before: Annotated[AwareDatetime | None, Query(), CHOSEN] = None,
) -> Response:
    """What became of every slot of a layer, newest first."""
    page = await services.slots.page(layer, services.jobs.zone_of(layer), before=before)
    return screen.render("slots.html", layer=layer, page=page, is_first=before is None)


def lateness_of(slots: Sequence[SlotView]) -> tuple[float, float] | None:
    """Return how late fires were in the middle and at worst, in seconds; None if none has run."""
    late = [slot.run.lateness_seconds for slot in slots if slot.run.lateness_seconds is not None]
    return (median(late), max(late)) if late else None


def datetime_local(moment: datetime | None, screen: Shown) -> str:
    """Return a moment as a form's field for the reader's wall clock has it."""
    return "" if moment is None else f"{moment.astimezone(screen.zone):%Y-%m-%dT%H:%M}"
