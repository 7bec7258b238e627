"""The gate: what every request passes before any route sees it.

In: ASGI requests. Out: the routes' answers, or a problem: a foreign Host header (a rebound name), a
write that another site's page made, a missing or wrong token, a body or a time beyond the bounds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from zos.access.problems import MEDIA_TYPE
from zos.access.token import OperatorToken

log = structlog.get_logger(__name__)

OPEN_PATHS = frozenset({"/healthz"})
ENDLESS_PATHS = frozenset({"/api/v1/events"})
MAX_BODY_BYTES = 64 * 1024
TIMEOUT_SECONDS = 30.0

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_SAME_SITE = frozenset({"same-origin", "none"})
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Gate:
    """ASGI middleware.

    Args:
        app: The routes.
        token: The operator's.
        allowed_hosts: Host names to answer to besides the loopback ones.
        timeout_seconds: For one request; endless answers excepted.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: OperatorToken,
        allowed_hosts: Collection[str],
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._app = app
        self._token = token
        self._hosts = _LOOPBACK_NAMES | {host.lower() for host in allowed_hosts}
        self._timeout_seconds = timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. What is no HTTP request (a web socket) is turned away."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        answer = _Answer(send)
        refusal = self._refusal(scope)
        if refusal is not None:
            await refusal(scope, receive, answer)
        elif scope["path"] in ENDLESS_PATHS:
            await self._app(scope, receive, answer)
        else:
            await self._within_bounds(scope, receive, answer)

    def _refusal(self, scope: Scope) -> JSONResponse | None:
        headers = Headers(scope=scope)
        host = _host_name(headers.get("host", ""))
        if host not in self._hosts:
            return _problem(
                421,
                "host",
                f"This service does not answer to the name {host!r}.",
                "See api.allowed_hosts.",
            )
        if scope["method"] not in _READING and _is_from_elsewhere(headers):
            return _problem(403, "cross-site", "Another site's page may not write here.")
        if scope["path"] not in OPEN_PATHS and not self._knows(headers):
            refusal = _problem(
                401,
                "token",
                "The operator's token is missing or wrong.",
                "Send Authorization: Bearer <token>.",
            )
            refusal.headers["www-authenticate"] = "Bearer"
            return refusal
        return None

    def _knows(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and self._token.matches(given.strip())

    async def _within_bounds(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                body = await _body(receive)
                if body is None:
                    await _problem(
                        413, "too-large", f"A request has at most {MAX_BODY_BYTES} bytes."
                    )(scope, receive, answer)
                else:
                    await self._app(scope, _replaying(body, receive), answer)
        except TimeoutError:
            log.warning("request_timed_out", path=scope["path"], method=scope["method"])
            if not answer.started:
                limit = f"The answer took longer than {self._timeout_seconds:g} s."
                await _problem(503, "timeout", limit)(scope, receive, answer)


class _Answer:
    """Sends on, with the headers that every answer has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


def _host_name(header: str) -> str:
    """Return the lower-case name of a Host header, without its port and brackets."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_from_elsewhere(headers: Headers) -> bool:
    """A browser says where a request is from; what is no browser says nothing."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in _SAME_SITE
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


async def _body(receive: Receive) -> bytes | None:
    """Return a request's whole body, or None if it is too large."""
    parts = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return bytes(parts)
        parts += message.get("body", b"")
        if len(parts) > MAX_BODY_BYTES:
            return None
        if not message.get("more_body"):
            return bytes(parts)


def _replaying(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body that was read already, and then what comes after it."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _problem(status: int, kind: str, detail: str, hint: str = "") -> JSONResponse:
    content = {
        "type": f"urn:zos:problem:{kind}",
        "title": detail,
        "status": status,
        "detail": detail,
        **({"hint": hint} if hint else {}),
    }
    return JSONResponse(content, status, media_type=MEDIA_TYPE)
