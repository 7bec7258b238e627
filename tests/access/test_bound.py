"""Applications that share their routes."""

from __future__ import annotations

from fastapi import FastAPI, Request
from httpx import ASGITransport, AsyncClient

from zos.access.bound import bound


async def test_applications_of_the_same_routes_answer_each_with_its_own_services() -> None:
    routes = FastAPI(openapi_url=None)

    @routes.get("/")
    def whose(request: Request) -> str:
        return str(request.state.services)

    said = []
    for services in ("one", "other", "one"):
        async with AsyncClient(transport=ASGITransport(bound(routes, services))) as http:
            said.append((await http.get("http://zos.test/")).json())
    assert said == ["one", "other", "one"]
