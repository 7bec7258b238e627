"""Searching insights and messages by their words."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from zos.insights.profiles import PROFILES
from zos.insights.terms import query_terms
from zos.views.insight_rows import FoundRow, InsightRow
from zos.web.parameters import NO_NUL, ServerId
from zos.web.screen import Shown
from zos.web.services import Services
from zos.web.snippets import Snippet, snippet

router = APIRouter()

_PROFILE = "balanced"
_LINES, _LINE_CHARACTERS = 3, 280


@router.get("/insights/search", name="insight_search")
async def search(
    screen: Shown,
    services: Services,
    q: Annotated[str, Query(max_length=500, pattern=NO_NUL)] = "",
    profile: Annotated[str, Query(max_length=20)] = _PROFILE,
    server_id: ServerId = None,
) -> Response:
    """What fits the words best; without words, the form alone."""
    words = q.strip()
    found = (
        await services.insights.search(words, now=screen.now, profile=profile, server_id=server_id)
        if words
        else ()
    )
    return screen.render(
        "search.html",
        q=words,
        hits=[(one, _snippet(one, words)) for one in found],
        profiles=list(PROFILES),
        servers=await services.known.servers.all(),
        chosen={"profile": profile, "server_id": server_id},
    )


def _snippet(one: FoundRow, words: str) -> Snippet:
    text = one.found.content if isinstance(one.found, InsightRow) else one.found.text
    return snippet(text, query_terms(words), lines=_LINES, characters=_LINE_CHARACTERS)
