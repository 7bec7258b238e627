"""One insight, down to the messages that it rests on."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from zos.web.naming import KINDS, SCOPES
from zos.web.parameters import InsightId
from zos.web.screen import Shown
from zos.web.services import Services

router = APIRouter()


@router.get("/insights/{insight_id}", name="insight")
async def insight(insight_id: InsightId, screen: Shown, services: Services) -> Response:
    """Each statement with its sources, and how the insight came about."""
    found = await services.insights.detail(insight_id)
    return screen.render("insight.html", found=found, kinds=KINDS, scopes=SCOPES)
