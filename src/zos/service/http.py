"""One HTTP application: the API and the pages, side by side behind one gate.

In: both, and who is recognised. Out: an ASGI application.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from zos.access.access import Access
from zos.access.audit.recording import Recorder
from zos.access.gate.gate import Gate
from zos.access.gate.origins import allowed_hosts
from zos.access.gate.places import Surface, surface_of
from zos.access.identity import Identity
from zos.config.model import ApiConfig


def http_app(settings: ApiConfig, access: Access, *, api: ASGIApp, pages: ASGIApp) -> ASGIApp:
    """Return the application that answers as `api` below `/api` and as `pages` elsewhere.

    Args:
        settings: The configuration's `api` section: the names to answer to.
        access: Who may ask, and the record of what they changed.
        api: The API's routes.
        pages: The pages'.
    """
    behind = {Surface.API: api, Surface.PAGES: pages}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await behind[surface_of(scope["path"])](scope, receive, send)

    return Gate(
        app,
        identify=Identity(access),
        record=Recorder(access.audit),
        hosts=allowed_hosts(settings),
    )
