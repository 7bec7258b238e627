"""Calls of models, one by one: the rows behind every figure of the costs."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from zos.llm.call import CallOutcome
from zos.views.calls import CallFilter
from zos.web.naming import CALL_OUTCOMES
from zos.web.parameters import CHOSEN, IdCursor, Name, ServerId
from zos.web.screen import Shown
from zos.web.services import Services

router = APIRouter()

_PAGE = 30

_Day = Annotated[date | None, Field(ge=date(1970, 1, 2), le=date(9000, 1, 1)), CHOSEN]


class Asked(BaseModel):
    """What a list of calls can be narrowed by."""

    first: _Day = None
    last: _Day = None
    model: Name = None
    profile: Name = None
    layer: Name = None
    server_id: ServerId = None
    outside_servers: bool = False
    failed: bool = False
    outcome: Annotated[CallOutcome | None, CHOSEN] = None
    before: IdCursor = None


@router.get("/costs/calls", name="calls")
async def calls(screen: Shown, services: Services, asked: Annotated[Asked, Query()]) -> Response:
    """Calls, newest first."""
    which = CallFilter(**asked.model_dump(exclude={"before"}))
    chosen = {name: value or None for name, value in asked.model_dump(exclude={"before"}).items()}
    return screen.render(
        "calls.html",
        page=await services.known.calls.page(which, before=asked.before, limit=_PAGE),
        layers={one: one for one in sorted(services.loader.sources)},
        outcomes=CALL_OUTCOMES,
        servers=await services.known.servers.all(),
        chosen=chosen,
        is_first=asked.before is None,
    )
