"""The form at the foot of every page: light or dark, and the zone of times."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from zos.access.gate.next_path import safe_next
from zos.web.preferences import Theme, keep, parse_zone
from zos.web.screen import Shown

router = APIRouter()


@router.get("/preferences", name="preferences")
async def preferences(screen: Shown) -> Response:
    """Theme and zone, to choose."""
    zones = sorted({*available_timezones(), screen.zone.key})
    return screen.render("preferences.html", zones=zones, themes=list(Theme))


@router.post("/preferences", name="prefer")
async def prefer(
    request: Request,
    screen: Shown,
    theme: Annotated[Theme | None, Form()] = None,
    zone: Annotated[str, Form(max_length=100)] = "",
    back: Annotated[str, Form(max_length=2_000)] = "/",
) -> Response:
    """Remember what was chosen, and go back to where it was chosen."""
    chosen = parse_zone(zone) if zone else None
    response = screen.go_to(safe_next(back))
    keep(response, theme=theme, zone=chosen, secure=request.url.scheme == "https")
    return response
