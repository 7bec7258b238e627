"""Layers: what each has promised, how it stands, and what comes next."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from zos.web.screen import Shown
from zos.web.services import Services

router = APIRouter()


@router.get("/layers", name="layers")
async def layers(screen: Shown, services: Services) -> Response:
    """Every layer in force, and the files that hold none."""
    found = await services.jobs.all(screen.now)
    return screen.render("layers.html", jobs=found.jobs, problems=found.problems)
