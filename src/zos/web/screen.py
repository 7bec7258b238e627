"""`Screen`: what one request's page is rendered with, and where a form leads to.

In: a request. Out: responses. What every page shows (who reads, the theme, the zone, what was left to
say) is put together here alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Annotated, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from jinja2 import Environment
from starlette.responses import HTMLResponse, RedirectResponse, Response

from zos import __version__
from zos.access.audit.recording import note_refusal
from zos.access.principal import principal_of, require_operator
from zos.core.errors import UsageError
from zos.web import flash
from zos.web.flash import Flash
from zos.web.navigation import NAVIGATION, OPERATORS_ALONE
from zos.web.preferences import preferences_of
from zos.web.services import services_of


class Screen:
    """Renders pages for one request.

    Args:
        request: The request, passed by the gate.
    """

    def __init__(self, request: Request) -> None:
        services = services_of(request)
        self._request = request
        self._environment: Environment = request.app.state.environment
        self._paths: Mapping[str, str] = request.app.state.paths
        self._preferences = preferences_of(request, services.config)
        self._principal = principal_of(request.scope)
        self._events_path = services.events_path()  # before anything is read for the page
        self.now = services.clock.now()

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which times are shown."""
        return self._preferences.zone

    @property
    def may_write(self) -> bool:
        """Whether who reads may change anything."""
        return self._principal is not None and self._principal.may_write

    @property
    def name(self) -> str:
        """Who reads, for the record of what they do."""
        return "" if self._principal is None else self._principal.name

    @property
    def has_session(self) -> bool:
        """Whether who reads is logged in, and can log out."""
        return self.session_id is not None

    @property
    def session_id(self) -> str | None:
        """The session of who reads, if they are logged in."""
        return None if self._principal is None else self._principal.session_id

    @property
    def origin(self) -> str:
        """Where the reader reaches these pages: scheme, name and port."""
        headers = self._request.headers
        return headers.get("origin") or f"{self._request.url.scheme}://{headers['host']}"

    def require_operator(self) -> None:
        """Do nothing for an operator.

        Raises:
            ForbiddenError: For anybody else.
        """
        require_operator(self._request.scope)

    def path(self, route: str, **parameters: object) -> str:
        """Return the path of a page: its route's name, and the parts of its path."""
        quoted = {name: quote(str(value), safe=":") for name, value in parameters.items()}
        return self._paths[route].format(**quoted)

    def render(self, template: str, *, status: int = 200, **content: Any) -> HTMLResponse:
        """Return the page that `template` makes of `content`.

        Args:
            template: A file of the folder `templates`.
            status: The HTTP status.
            content: What the template names, besides what every page has.
        """
        said = flash.left(self._request)
        page = self._environment.get_template(template).render(
            path=self.path,
            here=self._request.url.path,
            address=_address(self._request),
            navigation=[
                (self.path(route), title)
                for route, title in NAVIGATION
                if self.may_write or route not in OPERATORS_ALONE
            ],
            events_path=self._events_path,
            theme=self._preferences.theme,
            zone=self.zone,
            now=self.now,
            may_write=self.may_write,
            reader=self.name,
            has_session=self.has_session,
            version=__version__,
            said=said,
            **content,
        )
        response = HTMLResponse(page, status)
        if said is not None:
            flash.take_away(response)
        return response

    async def done(self, path: str, work: Awaitable[str]) -> Response:
        """Do `work`, and say on the page `path` what it returns, or why it was not done."""
        try:
            said = Flash(await work)
        except UsageError as error:
            return self.refused(path, error)
        return self.go_to(path, said)

    def refused(self, path: str, error: UsageError) -> Response:
        """Return the way to the page `path`, which says why what a form asked for was not done."""
        note_refusal(self._request.scope, error)
        return self.go_to(path, Flash(str(error), is_error=True))

    def go_to(self, path: str, said: Flash | None = None) -> Response:
        """Return the way to another page after a form; it says `said` there."""
        response = RedirectResponse(path, 303)
        if said is not None:
            flash.leave(response, said, secure=self._request.url.scheme == "https")
        return response


def screen_of(request: Request) -> Screen:
    """Return the screen of a request."""
    return Screen(request)


Shown = Annotated[Screen, Depends(screen_of)]
"""A page's parameter of this type is filled in."""


def _address(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")
