"""Logging in and out: by a one-time link, or by the operator's token, with a form that needs no script.

A link's code is not taken when its page is opened, but when its form is sent: what looks at links in
advance uses none up. Codes stand in no log; the address of the page that follows has none.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from zos.access.access import OPERATOR
from zos.access.gate.next_path import safe_next
from zos.access.gate.places import LOGIN_PATH, LOGOUT_PATH
from zos.access.login.address import client_address
from zos.access.login.store import Grant
from zos.web.screen import Screen, Shown
from zos.web.services import Services, WebServices

router = APIRouter()

_NO_LINK = "This link was used already, or is too old: `zos access link` makes another one."
_NO_OPERATOR = "That is not the operator's token: it stands in the file `token` of the data folder."

_MAX_SECRET, _MAX_PATH = 200, 2_000


class Wanted(BaseModel):
    """What a login form says."""

    code: str = Field("", max_length=_MAX_SECRET, description="Of a link; empty: a token is given")
    token: str = Field("", max_length=_MAX_SECRET)
    next: str = Field("/", max_length=_MAX_PATH, description="Where to go afterwards")


@router.get(LOGIN_PATH, name="login")
async def login(
    screen: Shown,
    code: Annotated[str, Query(max_length=_MAX_SECRET)] = "",
    after: Annotated[str, Query(alias="next", max_length=_MAX_PATH)] = "/",
) -> Response:
    """The form: a button if there is a code, else a field for the token."""
    return _form(screen, Wanted(code=code, next=after))


@router.post(LOGIN_PATH, name="log_in")
async def log_in(
    request: Request, screen: Shown, services: Services, wanted: Annotated[Wanted, Form()]
) -> Response:
    """Make a session, and go to where somebody wanted to go.

    A link that is good is no try: nobody can guess one, and no stranger's tries may keep its bearer out.
    """
    access = services.access
    if wanted.code and (grant := await access.links.take(wanted.code.strip())) is not None:
        return await _let_in(request, screen, services, grant, wanted.next)
    address = client_address(request, trusts_proxy=services.config.api.trusted_proxy)
    wait_seconds = access.attempts.take(address)
    if wait_seconds:
        said = f"Too many logins were tried. Wait {wait_seconds} s, and try again."
        refused = _form(screen, wanted, said, HTTPStatus.TOO_MANY_REQUESTS)
        refused.headers["retry-after"] = str(wait_seconds)
        return refused
    if wanted.code or not access.token.matches(wanted.token.strip()):
        said = _NO_LINK if wanted.code else _NO_OPERATOR
        return _form(screen, Wanted(next=wanted.next), said, HTTPStatus.FORBIDDEN)
    access.attempts.forgive(address)
    return await _let_in(request, screen, services, OPERATOR, wanted.next)


@router.post(LOGOUT_PATH, name="log_out")
async def log_out(request: Request, screen: Shown, services: Services) -> Response:
    """End the session, and forget its cookie."""
    access = services.access
    await access.sessions.close(access.cookie.read(request.headers))
    response = screen.go_to(LOGIN_PATH)
    response.delete_cookie(access.cookie.name, **access.cookie.attributes)
    return response


async def _let_in(
    request: Request, screen: Screen, services: WebServices, grant: Grant, after: str
) -> Response:
    access = services.access
    await access.sessions.close(access.cookie.read(request.headers))  # none older is left behind
    agent = request.headers.get("user-agent", "")
    secret, request.state.principal = await access.sessions.open(grant, agent)
    response = screen.go_to(safe_next(after))
    response.set_cookie(access.cookie.name, secret, **access.cookie.attributes)
    return response


def _form(
    screen: Screen, wanted: Wanted, said: str = "", status: HTTPStatus = HTTPStatus.OK
) -> Response:
    after = safe_next(wanted.next)
    return screen.render("login.html", status=status, code=wanted.code, after=after, wrong=said)
