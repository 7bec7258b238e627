"""What goes wrong within a page, as a page: one sentence, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from zos.access.problems import status_of
from zos.core.errors import ZosError
from zos.web.screen import Screen

log = structlog.get_logger(__name__)

_A_SIGN = "it has a character that cannot be there"


def handle_errors(app: FastAPI) -> None:
    """Make every error of `app`'s pages a page."""
    app.add_exception_handler(ZosError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


async def _ours(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, ZosError) else ZosError(str(error))
    status = status_of(known)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("page_failed", path=request.url.path, error=str(known))
    return _page(request, status, known.message, known.hint)


async def _invalid(request: Request, error: Exception) -> Response:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    said = "; ".join(f"{one['loc'][-1]}: {_told(one)}" for one in found)
    return _page(request, 422, f"This was not understood: {said}.")


def _told(wrong: Mapping[str, str]) -> str:
    """A pattern is told in words: what it forbids is a sign that should not be there."""
    return _A_SIGN if wrong["type"] == "string_pattern_mismatch" else wrong["msg"]


async def _http(request: Request, error: Exception) -> Response:
    known = error if isinstance(error, HTTPException) else HTTPException(500)
    if known.status_code == HTTPStatus.NOT_FOUND:
        return _page(request, 404, "There is no such page.", "Choose another one above.")
    page = _page(request, known.status_code, f"{known.detail}.")
    page.headers.update(known.headers or {})
    return page


async def _bug(request: Request, error: Exception) -> Response:
    log.error("page_crashed", path=request.url.path, exc_info=error)
    return _page(request, 500, "Something unexpected went wrong.", "The service's log says what.")


def _page(request: Request, status: int, message: str, hint: str = "") -> Response:
    title = HTTPStatus(status).phrase
    return Screen(request).render(
        "error.html", status=status, title=title, message=message, hint=hint
    )
