"""What was understood: insights, newest first, and narrowed down."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from zos.core.topics import TopicCategory, TopicKey
from zos.insights.model import InsightFilter, InsightStatus
from zos.web.naming import KINDS, STATUSES
from zos.web.parameters import CHOSEN, Cursor, Name, ServerId
from zos.web.screen import Shown
from zos.web.services import Services

router = APIRouter()

_PAGE = 20


class Asked(BaseModel):
    """What a list of insights can be narrowed by."""

    category: Annotated[TopicCategory | None, CHOSEN] = None
    layer: Name = None
    server_id: ServerId = None
    status: Annotated[InsightStatus | None, CHOSEN] = None
    topic: Name = None
    run_id: Name = None
    before: Cursor = None

    def which(self) -> InsightFilter:
        """Return the filter, with its topic understood."""
        topic = None if self.topic is None else TopicKey.parse(self.topic)
        return InsightFilter(topic=topic, **self.model_dump(exclude={"topic", "before"}))


@router.get("/insights", name="insights")
async def insights(screen: Shown, services: Services, asked: Annotated[Asked, Query()]) -> Response:
    """A page of insights."""
    return screen.render(
        "insights.html",
        page=await services.insights.page(asked.which(), before=asked.before, limit=_PAGE),
        kinds=KINDS,
        statuses=STATUSES,
        layers={one: one for one in sorted(services.loader.sources)},
        servers=await services.known.servers.all(),
        chosen=asked.model_dump(exclude={"before"}),
        is_first=asked.before is None,
    )
