"""Routes of insights: listed, searched, and one down to the messages that it rests on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from zos.api.parameters import Cursor, Id, InsightId, Limit, Name, ServerId, TopicText, Words
from zos.api.services import Services
from zos.core.topics import TopicCategory, TopicKey
from zos.insights.model import InsightFilter, InsightStatus
from zos.insights.profiles import PROFILES
from zos.views.insight_rows import FoundRow, InsightDetail, InsightRow
from zos.views.page import MAX_LIMIT, Page

router = APIRouter(prefix="/insights", tags=["insights"])

Profile = Annotated[
    str, Query(description="How to search", json_schema_extra={"enum": sorted(PROFILES)})
]


class InsightQuery(BaseModel):
    """Which insights to list."""

    topic: TopicText | None = Field(None, description="Only about this topic, by its key")
    category: TopicCategory | None = None
    layer: Name | None = None
    server_id: ServerId | None = None
    status: InsightStatus | None = None
    run_id: Id | None = None
    since: AwareDatetime | None = Field(None, description="Only of then or later")
    before: Cursor | None = None
    limit: Limit = 50

    def which(self) -> InsightFilter:
        """Return the filter, with its topic understood."""
        topic = None if self.topic is None else TopicKey.parse(self.topic)
        asked = self.model_dump(exclude={"topic", "before", "limit"})
        return InsightFilter(topic=topic, **asked)


class Found(BaseModel):
    """What a search found, best first."""

    items: tuple[FoundRow, ...]


@router.get("", summary="Insights, newest first")
async def insights(services: Services, asked: Annotated[InsightQuery, Query()]) -> Page[InsightRow]:
    """What was understood. Nothing about members without consent, nor what rests on direct messages."""
    return await services.known.insights.page(asked.which(), before=asked.before, limit=asked.limit)


@router.get("/search", summary="Insights and messages by their words, best first")
async def search(
    services: Services,
    q: Words,
    profile: Profile = "balanced",
    server_id: Annotated[ServerId | None, Query()] = None,
    limit: Annotated[int | None, Query(ge=1, le=MAX_LIMIT, description="Hits, at most")] = None,
) -> Found:
    """Full-text search. Authors without consent are called `<chat_1>`, `<chat_2>` and so on."""
    found = await services.known.insights.search(
        q, now=services.clock.now(), profile=profile, server_id=server_id, limit=limit
    )
    return Found(items=found)


@router.get("/{insight_id}", summary="One insight, down to the messages")
async def insight(insight_id: InsightId, services: Services) -> InsightDetail:
    """Each statement with what it rests on, the run that stored it, what it replaced and contradicts."""
    return await services.known.insights.detail(insight_id)
