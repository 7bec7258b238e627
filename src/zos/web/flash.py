"""What is said once, on the page after a form was sent.

In: a sentence. Out: a short-lived cookie, which the next page shows and takes away. Its text is shown
as text, whoever wrote the cookie.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, unquote

from starlette.requests import Request
from starlette.responses import Response

_COOKIE = "zos-said"
_SECONDS = 60
_MAX_LENGTH = 600


@dataclass(frozen=True, slots=True)
class Flash:
    """A sentence. `is_error`: it says what did not work."""

    text: str
    is_error: bool = False


def leave(response: Response, flash: Flash, *, secure: bool) -> None:
    """Let the next page say `flash`."""
    kind = "!" if flash.is_error else "."
    response.set_cookie(
        _COOKIE,
        kind + quote(flash.text[:_MAX_LENGTH], safe=""),
        max_age=_SECONDS,
        httponly=True,
        samesite="strict",
        secure=secure,
    )


def left(request: Request) -> Flash | None:
    """Return what the page before left to say, if anything."""
    said = request.cookies.get(_COOKIE, "")
    return Flash(unquote(said[1:]), said[0] == "!") if said else None


def take_away(response: Response) -> None:
    """Let nothing be said twice."""
    response.delete_cookie(_COOKIE, httponly=True, samesite="strict")
