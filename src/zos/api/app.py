"""The application: all routes. The gate (`zos.access.gate`) stands in front of it.

In: what `service` has made. Out: an ASGI application.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI, Security
from fastapi.security import HTTPBearer
from starlette.types import ASGIApp

from zos import __version__
from zos.access.bound import bound
from zos.api import (
    access,
    costs,
    insights,
    jobs,
    members,
    relationships,
    runs,
    salience,
    system,
    topics,
)
from zos.api.caching import Etags
from zos.api.openapi import described
from zos.api.problems import handle_problems
from zos.api.services import ApiServices

API_PREFIX = "/api/v1"
_ROUTES = (
    jobs,
    runs,
    topics,
    salience,
    insights,
    relationships,
    members,
    costs,
    access,
    system,
)
_DESCRIPTION = """\
The operator's interface to one Zos service. Every route but `/healthz` wants a key, or the operator's
token, as `Authorization: Bearer <key>`; the token stands in the file `token` of the data folder. A viewer's key reads, an
operator's writes too. Errors are
`application/problem+json` (RFC 9457). Lists come in pages: ask for the next one with `next_cursor`.
JSON has an `ETag`: what `If-None-Match` names is answered with 304 and no body.
"""
_TAGS = [
    {"name": "jobs", "description": "What layers have promised, and the operator's hand on them."},
    {"name": "runs", "description": "What was done, and why not."},
    {"name": "topics", "description": "What can be thought about."},
    {
        "name": "salience",
        "description": "Attention: earned, spent, and why a topic is chosen or not.",
    },
    {"name": "insights", "description": "What was understood, down to the messages."},
    {"name": "relationships", "description": "Who has to do with whom."},
    {"name": "members", "description": "Members' rights, for operators alone."},
    {"name": "costs", "description": "What models cost, down to each call."},
    {"name": "access", "description": "Who is let in, and what was changed by whom."},
    {"name": "service", "description": "The service itself."},
]


def create_app(services: ApiServices) -> ASGIApp:
    """Return the application that serves with `services`."""
    return bound(_routes(), services)


def openapi_document() -> dict[str, Any]:
    """Return the interface's description (OpenAPI 3.1), without any service; it is not to be changed."""
    return _routes().openapi()


@cache
def _routes() -> FastAPI:
    app = FastAPI(
        title="Zos",
        version=__version__,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=None,  # the pages that FastAPI brings load scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
    )
    bearer = [Security(HTTPBearer(auto_error=False, description="A key, or the operator's token"))]
    app.include_router(system.alive)
    app.include_router(system.root, dependencies=bearer)
    for routes in _ROUTES:
        app.include_router(routes.router, prefix=API_PREFIX, dependencies=bearer)
    handle_problems(app)
    app.add_middleware(Etags)
    described(app)
    return app
