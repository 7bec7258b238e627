"""Routes of relationships: who has to do with whom in a server."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from zos.api.parameters import Cursor, Limit, ServerId
from zos.api.services import Services
from zos.views.page import Page
from zos.views.relationships import MAX_GRAPH_TIES, Relationship, RelationshipGraph

router = APIRouter(prefix="/relationships", tags=["relationships"])


@router.get("", summary="Relationships of a server, the strongest first")
async def relationships(
    services: Services,
    server_id: Annotated[ServerId, Query()],
    before: Annotated[Cursor | None, Query()] = None,
    limit: Annotated[Limit, Query()] = 50,
) -> Page[Relationship]:
    """Pairs of members who have both consented."""
    return await services.known.relationships.page(server_id, before=before, limit=limit)


@router.get("/graph", summary="The strongest relationships of a server as a graph")
async def graph(
    services: Services,
    server_id: Annotated[ServerId, Query()],
    ties: Annotated[int, Query(ge=1, le=MAX_GRAPH_TIES, description="Ties, at most")] = 200,
) -> RelationshipGraph:
    """People and ties, both by strength."""
    return await services.known.relationships.graph(server_id, ties=ties)
