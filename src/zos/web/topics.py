"""What Zos can think about, by the attention that it has earned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from zos.core.topics import TopicCategory
from zos.web.naming import KINDS
from zos.web.parameters import CHOSEN, Cursor, ServerId
from zos.web.rendering import with_query
from zos.web.screen import Screen, Shown
from zos.web.services import Services
from zos.web.words import sentence

router = APIRouter()

_PAGE = 30


@router.get("/topics", name="topics")
async def topics(
    screen: Shown,
    services: Services,
    category: Annotated[TopicCategory | None, CHOSEN] = None,
    server_id: ServerId = None,
    before: Cursor = None,
) -> Response:
    """Topics, those with most salience first."""
    page = await services.known.topics.page(
        category=category, server_id=server_id, before=before, limit=_PAGE
    )
    chosen = {"category": category, "server_id": server_id}
    return screen.render(
        "topics.html",
        page=page,
        kinds=KINDS,
        servers=await services.known.servers.all(),
        chosen=chosen,
        choices=_choices(screen, chosen),
        is_first=before is None,
    )


def _choices(screen: Screen, chosen: Mapping[str, Any]) -> list[tuple[str, str, bool]]:
    """Return the kinds to choose from: what each is called, where it leads, whether it is chosen."""
    kinds = [("All", None), *((sentence(name), kind) for kind, name in KINDS.items())]
    return [
        (
            title,
            with_query(screen.path("topics"), chosen, category=kind),
            kind == chosen["category"],
        )
        for title, kind in kinds
    ]
