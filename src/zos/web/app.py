"""The pages as one application, to stand behind the gate.

In: what `service` has made. Out: an ASGI application.
"""

from __future__ import annotations

from functools import cache

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp

from zos.access.bound import bound
from zos.web import (
    access,
    assets,
    calls,
    costs,
    docs,
    insight,
    insight_search,
    insights,
    layer,
    layers,
    login,
    members,
    overview,
    relationships,
    run,
    runs,
    schedule,
    settings,
    steering,
    system,
    topic,
    topics,
)
from zos.web.assets import Assets
from zos.web.errors import handle_errors
from zos.web.rendering import environment
from zos.web.services import WebServices

PAGES = (
    overview.router,
    schedule.router,
    runs.router,
    run.router,
    layers.router,
    layer.router,
    steering.router,
    topics.router,
    topic.router,
    insights.router,
    insight_search.router,
    insight.router,
    relationships.router,
    members.router,
    costs.router,
    calls.router,
    system.router,
    access.router,
    docs.router,
)
"""Every page's router. The navigation's order stands in `zos.web.navigation`."""


def create_pages(services: WebServices) -> ASGIApp:
    """Return the application that shows pages with `services`."""
    return bound(routes(), services)


@cache
def routes() -> FastAPI:
    """Return the routes of all pages."""
    app = FastAPI(openapi_url=None)
    app.state.assets = Assets()
    app.state.environment = environment(asset=app.state.assets.url)
    routers = (assets.router, login.router, settings.router, *PAGES)
    for router in routers:
        app.include_router(router)
    # A page has hundreds of links: going through all routes for each takes longer than all the rest.
    app.state.paths = {
        route.name: route.path_format
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
    }
    handle_errors(app)
    return app
