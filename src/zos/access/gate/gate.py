"""The gate itself: an ASGI middleware in front of the API and the pages alike.

In: requests. Out: the answers of what lies behind, or a refusal: a foreign Host header (a rebound
name), a write that another site's page made, nobody known, a viewer's write, a body or a time
beyond the bounds. What lies behind finds who asks in the scope (`zos.access.principal`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zos.access.gate.bounds import MAX_BODY_BYTES, read_body, replaying
from zos.access.gate.endless import RECHECK_SECONDS, while_welcome
from zos.access.gate.next_path import login_location
from zos.access.gate.places import Surface, is_endless, is_open, surface_of
from zos.access.gate.policy import headers_for
from zos.access.gate.refusals import Refusal, answer
from zos.access.gate.rules import foreign_host, is_write, write_from_elsewhere, write_not_allowed
from zos.access.principal import Principal
from zos.core.errors import DatabaseError, UsageError

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 30.0

Identify = Callable[[Scope, Headers], Awaitable[Principal | None]]
"""A request's scope and headers → who makes it, if anybody known."""

Record = Callable[[Scope, int], Awaitable[None]]
"""Is told a request's scope and the status of its answer, before that is sent."""

_UNKNOWN = Refusal(
    HTTPStatus.UNAUTHORIZED,
    "token",
    "The token or key is missing or wrong.",
    "Send Authorization: Bearer <token>.",
    {"www-authenticate": "Bearer"},
)
_TOO_LARGE = Refusal(
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "too-large",
    f"A request has at most {MAX_BODY_BYTES} bytes.",
)
_NO_STORE = Refusal(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "database",
    "Keys and sessions cannot be looked up: the database does not answer.",
    "See the service's log; the operator's token works without it.",
)


class Gate:
    """Answers, or lets through.

    Args:
        app: What lies behind.
        identify: Says who makes a request.
        record: Is told of every request.
        hosts: Host names to answer to, in lower case.
        timeout_seconds: For one request; endless answers excepted.
        recheck_seconds: So soon an endless answer ends once whoever asked is known no more.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        identify: Identify,
        record: Record,
        hosts: Collection[str],
        timeout_seconds: float = TIMEOUT_SECONDS,
        recheck_seconds: float = RECHECK_SECONDS,
    ) -> None:
        self._app = app
        self._identify = identify
        self._record = record
        self._hosts = hosts
        self._timeout_seconds = timeout_seconds
        self._recheck_seconds = recheck_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. What is no HTTP request (a web socket) is turned away."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        surface = surface_of(scope["path"])
        sender = _Sender(send, surface, partial(self._record, scope))
        try:
            async with asyncio.timeout(
                None if is_endless(scope["path"]) else self._timeout_seconds
            ):
                await self._answer(scope, receive, sender, surface)
        except TimeoutError:
            log.warning("request_timed_out", path=scope["path"], method=scope["method"])
            if not sender.started:
                await answer(self._too_slow(), surface)(scope, receive, sender)

    async def _answer(
        self, scope: Scope, receive: Receive, sender: _Sender, surface: Surface
    ) -> None:
        refused = await self._refused(scope, surface)
        if refused is not None:
            await refused(scope, receive, sender)
        elif is_endless(scope["path"]):
            await self._without_end(scope, receive, sender)
        else:
            await self._with_body(scope, receive, sender, surface)

    async def _without_end(self, scope: Scope, receive: Receive, sender: _Sender) -> None:
        """Answer until whoever asked is known no more: a logout is one everywhere."""
        known = partial(self._is_known, scope)
        answering = self._answering(scope, receive, sender)
        if not await while_welcome(answering, known, self._recheck_seconds) and sender.started:
            await sender({"type": "http.response.body", "body": b"", "more_body": False})

    async def _answering(self, scope: Scope, receive: Receive, sender: _Sender) -> None:
        await self._app(scope, receive, sender)

    async def _is_known(self, scope: Scope) -> bool:
        try:
            return await self._identify(scope, Headers(scope=scope)) is not None
        except DatabaseError:
            return False

    async def _with_body(
        self, scope: Scope, receive: Receive, sender: _Sender, surface: Surface
    ) -> None:
        body = await read_body(receive)
        if body is None:
            await answer(_TOO_LARGE, surface)(scope, receive, sender)
        else:
            await self._app(scope, replaying(body, receive), sender)

    async def _refused(self, scope: Scope, surface: Surface) -> Response | None:
        """Return the answer to who may not pass; else say in the scope who passes."""
        headers = Headers(scope=scope)
        refusal = foreign_host(headers, self._hosts) or write_from_elsewhere(scope, headers)
        if refusal is None and not is_open(scope["path"]):
            try:
                principal = await self._identify(scope, headers)
            except DatabaseError as error:
                log.warning("request_failed", path=scope["path"], error=str(error))
                return answer(_NO_STORE, surface)
            except UsageError as error:
                return answer(_misspoken(error), surface)
            if principal is None:
                return _who_are_you(scope, headers, surface)
            scope.setdefault("state", {})["principal"] = principal
            refusal = write_not_allowed(scope, headers, principal)
        return None if refusal is None else answer(refusal, surface)

    def _too_slow(self) -> Refusal:
        limit = f"The answer took longer than {self._timeout_seconds:g} s."
        return Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "timeout", limit)


class _Sender:
    """Sends on, with the headers that every answer has, once the request is recorded."""

    def __init__(
        self, send: Send, surface: Surface, record: Callable[[int], Awaitable[None]]
    ) -> None:
        self._send = send
        self._surface = surface
        self._record = record
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            await self._record(message["status"])
            headers = MutableHeaders(scope=message)
            for name, value in headers_for(self._surface).items():
                headers.setdefault(name, value)
        await self._send(message)


def _misspoken(error: UsageError) -> Refusal:
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "usage", error.message, error.hint)


def _path_of(address: str) -> str:
    try:
        return urlsplit(address)._replace(scheme="", netloc="").geturl()
    except ValueError:
        return "/"


def _who_are_you(scope: Scope, headers: Headers, surface: Surface) -> Response:
    """A program is told so; a browser goes to the login page, and comes back from there."""
    if surface is Surface.API:
        return answer(_UNKNOWN, surface)
    if "hx-request" in headers:  # a part of a page: the whole page must go
        location = login_location(_path_of(headers.get("hx-current-url", "")))
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"hx-redirect": location})
    query = scope["query_string"].decode("latin-1")
    wanted = "/" if is_write(scope) else scope["path"] + (f"?{query}" if query else "")
    return RedirectResponse(login_location(wanted), HTTPStatus.SEE_OTHER)
