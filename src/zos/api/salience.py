"""Routes of salience: who may spend what, what a topic earned and spent, and why it is thought about or not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from zos.api.parameters import Limit, PathTopic
from zos.api.services import Services
from zos.views.budgets import Budgets
from zos.views.page import Page
from zos.views.topics import LedgerRow, WhyRow

router = APIRouter(prefix="/salience", tags=["salience"])


@router.get("/groups", summary="What each budget group may spend today")
async def groups(services: Services) -> Budgets:
    """The shares of the local day, server by server: lent, used and left."""
    return await services.known.budgets.today(services.clock.now())


@router.get("/topics/{topic}/ledger", summary="A topic's ledger, newest first")
async def ledger(
    key: PathTopic,
    services: Services,
    before: Annotated[
        int | None, Query(ge=0, le=2**63 - 1, description="The cursor: `next_cursor` of a page")
    ] = None,
    limit: Annotated[Limit, Query()] = 50,
) -> Page[LedgerRow]:
    """Every change of what the topic holds: earned, spilled, decayed, spent, retained."""
    return await services.known.topics.ledger(key, before=before, limit=limit)


@router.get("/topics/{topic}/why", summary="Why a topic is, or is not, thought about")
async def why(key: PathTopic, services: Services) -> WhyRow:
    """What stands in its way now, and what past runs decided about it."""
    return await services.known.topics.why(key)
