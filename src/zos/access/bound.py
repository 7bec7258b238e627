"""What answers, joined to what it answers with.

Routes are made once in a process, as they take longer to make than a hundred requests: what differs
from one application to the next comes with each request.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


def bound(routes: ASGIApp, services: object) -> ASGIApp:
    """Return the application whose routes find `services` in their request's `state.services`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})["services"] = services
        await routes(scope, receive, send)

    return app
