"""The form at the foot of every page: light or dark, and the zone of times."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

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
    response = screen.go_to(local_path(back))
    keep(response, theme=theme, zone=chosen, secure=request.url.scheme == "https")
    return response


def local_path(given: str) -> str:
    """Return `given` if it is a path of these pages, else the first page.

    A browser takes two slashes, a backslash or a tab in it for the way to another site.
    """
    is_ours = given.startswith("/") and given[1:2] not in {"/", "\\"} and given.isprintable()
    return given if is_ours and "\\" not in given else "/"
