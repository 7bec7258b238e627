"""Who has to do with whom in a server, as a picture and as a table."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from zos.views.relationships import Relationship, RelationshipGraph
from zos.web.charts.layout import spread
from zos.web.charts.relationships import MAX_PEOPLE, circle
from zos.web.parameters import CHOSEN, Cursor, ServerId
from zos.web.rendering import with_query
from zos.web.screen import Screen, Shown
from zos.web.services import Services

router = APIRouter()

_TIES = (60, 250, 1_000)
_LISTED = 25
_SMALLEST, _LARGEST = 3.0, 12.0


class Asked(BaseModel):
    """Which relationships to show.

    Attributes:
        person: Whose ties stand out.
        before: The cursor of the table.
    """

    server_id: ServerId = None
    ties: Annotated[int, Field(ge=1, le=_TIES[-1])] = _TIES[0]
    person: Annotated[int | None, Field(ge=1, le=2**63 - 1), CHOSEN] = None
    before: Cursor = None


@router.get("/relationships", name="relationships")
async def relationships(
    screen: Shown, services: Services, asked: Annotated[Asked, Query()]
) -> Response:
    """The strongest relationships of a server; the first one, unless another is chosen."""
    servers = await services.known.servers.all()
    if not servers:
        return screen.render("relationships.html", servers=servers, graph=None)
    chosen = asked.server_id or servers[0].id
    view = services.known.relationships
    graph = await view.graph(chosen, ties=asked.ties)
    address = {"server_id": chosen, "ties": asked.ties}
    theirs = tuple(one for one in graph.ties if asked.person in {each.id for each in one.people})
    page = await view.page(chosen, before=asked.before, limit=_LISTED)
    return screen.render(
        "relationships.html",
        servers=servers,
        graph=graph,
        picture=_picture(graph, address, asked.person, screen),
        choices=_choices(graph, address, screen),
        page=page,
        theirs=theirs,
        person=next((one for one in graph.people if one.id == asked.person), None),
        chosen=address,
        is_first=asked.before is None,
    )


def _picture(
    graph: RelationshipGraph, address: dict[str, int], person: int | None, screen: Screen
) -> dict[str, Any]:
    """Return the drawing of few people, or what the script draws of many."""

    def tie_path(tie: Relationship) -> str:
        return screen.path("topic", topic=tie.topic)

    base = with_query(screen.path("relationships"), address)

    def person_path(person_id: int) -> str:
        return f"{base}&person={person_id}"

    if not graph.ties:
        return {}
    if len(graph.people) > MAX_PEOPLE:
        return {"data": data_of(graph, person_path)}
    drawn = circle(graph, tie_path=tie_path, person_path=person_path, person=person)
    return {"drawing": drawn}


def data_of(graph: RelationshipGraph, person_path: Any) -> dict[str, list[dict[str, Any]]]:
    """Return people with their places, and ties, for the script to draw."""
    pairs = [(one.people[0].id, one.people[1].id) for one in graph.ties]
    places = spread([one.id for one in graph.people], pairs)
    most, strongest = graph.people[0].strength, graph.ties[0].strength
    return {
        "people": [
            {
                "id": str(one.id),
                "name": one.name,
                "x": places[one.id][0],
                "y": places[one.id][1],
                "size": round(_SMALLEST + (_LARGEST - _SMALLEST) * one.strength / most, 1),
                "path": person_path(one.id),
            }
            for one in graph.people
        ],
        "ties": [
            {"from": str(pair[0]), "to": str(pair[1]), "part": round(tie.strength / strongest, 3)}
            for pair, tie in zip(pairs, graph.ties, strict=True)
        ],
    }


def _choices(
    graph: RelationshipGraph, address: dict[str, int], screen: Screen
) -> list[tuple[str, str, bool]]:
    """Return how many ties can be shown: no more choices than make a difference."""
    useful = [one for one in _TIES if one == _TIES[0] or graph.has_more or one <= address["ties"]]
    return [
        (
            f"The strongest {one:,}",
            with_query(screen.path("relationships"), address, ties=one),
            one == address["ties"],
        )
        for one in useful
    ]
