"""Routes of topics: what can be thought about, and why it is or is not."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from zos.api.parameters import Cursor, Limit, PathTopic, ServerId
from zos.api.services import Services
from zos.core.topics import TopicCategory
from zos.views.page import Page
from zos.views.topics import TopicDetail, TopicRow

router = APIRouter(prefix="/topics", tags=["topics"])


@router.get("", summary="Topics, those with most salience first")
async def topics(
    services: Services,
    category: TopicCategory | None = None,
    server_id: Annotated[ServerId | None, Query()] = None,
    before: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[Limit, Query()] = 50,
) -> Page[TopicRow]:
    """What Zos can think about. Topics about members who have not consented are not listed."""
    return await services.known.topics.page(
        category=category, server_id=server_id, before=before, limit=limit
    )


@router.get("/{topic}", summary="One topic")
async def topic(key: PathTopic, services: Services) -> TopicDetail:
    """A topic with its newest ledger rows and decisions, and the runs that thought about it."""
    return await services.known.topics.detail(key)
