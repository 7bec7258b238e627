"""Routes of costs: sums, limits, and the calls behind them."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from zos.api.parameters import Id, Limit, Name, ServerId
from zos.api.services import Services
from zos.llm.call import CallOutcome
from zos.views.calls import CallFilter, CallRow
from zos.views.costs import CostBy, Costs
from zos.views.page import Page

router = APIRouter(prefix="/costs", tags=["costs"])

_MAX_DAYS = 3_660
_FIRST, _LAST = date(1970, 1, 2), date(9000, 1, 1)
Day = Annotated[date, Field(ge=_FIRST, le=_LAST)]


class CallQuery(BaseModel):
    """Which calls to list."""

    first: Day | None = Field(None, description="Only of this local day or later")
    last: Day | None = Field(None, description="Only of this local day or earlier")
    model: Name | None = None
    profile: Name | None = None
    layer: Name | None = None
    server_id: ServerId | None = None
    outcome: CallOutcome | None = None
    before: Id | None = None
    limit: Limit = 50

    def which(self) -> CallFilter:
        """Return the filter."""
        return CallFilter(**self.model_dump(exclude={"before", "limit"}))


@router.get("", summary="What models cost, and what is left of the limits")
async def costs(
    services: Services,
    by: Annotated[CostBy, Query(description="What to sum by")] = CostBy.DAY,
    days: Annotated[int, Query(ge=1, le=_MAX_DAYS, description="Local days, today included")] = 30,
) -> Costs:
    """Sums of calls. What a call under way may cost counts until it ends."""
    return await services.known.costs.costs(by, now=services.clock.now(), days=days)


@router.get("/calls", summary="Calls of models, newest first")
async def calls(services: Services, asked: Annotated[CallQuery, Query()]) -> Page[CallRow]:
    """The rows behind every figure of the costs."""
    return await services.known.calls.page(asked.which(), before=asked.before, limit=asked.limit)
