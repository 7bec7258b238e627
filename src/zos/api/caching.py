"""Answers that a client has already are not sent again.

In: the API's answers. Out: the same with an `ETag`; 304 and no body where `If-None-Match` names it.
"""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_JSON = "application/json"
_DIGEST_BYTES = 16
# What holds no people's words may stay with the client; the rest only a program may remember, and no cache.
_KEPT = re.compile(r"/api/v1/(jobs(/[^/]+)?(/slots)?|runs|costs(/calls)?|openapi\.json)")
_WITHOUT_BODY = frozenset({"content-length", "content-type"})


class Etags:
    """Stands in front of the routes.

    Args:
        app: What answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] == "GET":
            send = _Tagging(scope, send)
        await self._app(scope, receive, send)


class _Tagging:
    """Holds the head of an answer back until its body is known; one that comes in pieces is not held."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_whole_json(message):
            self._head = message
            return
        head, self._head = self._head, None
        if head is not None:
            if not message.get("more_body") and self._is_known(head, message["body"]):
                head["status"], message = HTTPStatus.NOT_MODIFIED.value, {**message, "body": b""}
            await self._send(head)
        await self._send(message)

    def _is_known(self, head: Message, body: bytes) -> bool:
        """Name the body in the head; return whether the client has it."""
        tag = f'"{hashlib.blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()}"'
        headers = MutableHeaders(scope=head)
        headers["etag"] = tag
        headers.add_vary_header("Authorization, Cookie")
        if _KEPT.fullmatch(self._scope["path"]):
            headers["cache-control"] = "private, no-cache"
        known = Headers(scope=self._scope).get("if-none-match", "").split(",")
        is_known = tag in {one.strip().removeprefix("W/") for one in known}
        if is_known:
            for name in _WITHOUT_BODY:
                del headers[name]
        return is_known


def _is_whole_json(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    is_json = headers.get("content-type", "").startswith(_JSON)
    return message["status"] == HTTPStatus.OK and is_json and "content-length" in headers
