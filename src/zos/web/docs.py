"""The API's documentation: what can be asked, what is sent and answered, and what an error says."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import Response

from zos.access.problems import kinds
from zos.core.errors import NotFoundError
from zos.web.parameters import Word
from zos.web.screen import Shown
from zos.web.services import Services

router = APIRouter(prefix="/docs")


@router.get("", name="docs")
async def docs(screen: Shown, services: Services) -> Response:
    """All routes by group, how to ask them, and the kinds of errors."""
    return screen.render(
        "docs.html",
        groups=await asyncio.to_thread(services.reference),
        document=services.document_path,
        origin=screen.origin,
        problems=kinds(),
    )


@router.get("/{operation}", name="docs_of")
async def docs_of(operation: Word, screen: Shown, services: Services) -> Response:
    """One route: its parameters, what it is sent and answers, and the line that asks it."""
    for group in await asyncio.to_thread(services.reference):
        for one in group.operations:
            if one.name == operation:
                return screen.render("docs_of.html", one=one, group=group, origin=screen.origin)
    raise NotFoundError(f"The API has no route {operation!r}.", hint="Look at the list of routes.")
