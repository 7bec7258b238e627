"""What goes wrong within a route, as `problem+json` (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from zos.access.problems import MEDIA_TYPE, problem, status_of
from zos.core.errors import ZosError

log = structlog.get_logger(__name__)


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="`urn:zos:problem:<kind>`, or `about:blank`")
    title: str = Field(description="The kind, in words")
    status: int = Field(description="The HTTP status")
    detail: str = Field(description="What is wrong, in one sentence")
    hint: str | None = Field(None, description="What to do next")


def handle_problems(app: FastAPI) -> None:
    """Make every error of `app`'s routes a problem."""
    app.add_exception_handler(ZosError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    known = error if isinstance(error, ZosError) else ZosError(str(error))
    if status_of(known) >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_failed", path=request.url.path, error=str(known))
    return _answer(problem(known))


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    detail = "; ".join(f"{_place(one['loc'])}: {one['msg']}" for one in found)
    return _answer(_plain(HTTPStatus.UNPROCESSABLE_ENTITY, detail))


async def _http(_request: Request, error: Exception) -> JSONResponse:
    known = error if isinstance(error, HTTPException) else HTTPException(500)
    answer = _answer(_plain(HTTPStatus(known.status_code), known.detail))
    answer.headers.update(known.headers or {})
    return answer


async def _bug(request: Request, error: Exception) -> JSONResponse:
    log.error("request_crashed", path=request.url.path, exc_info=error)
    detail = "Something unexpected went wrong; the service's log says what."
    return _answer(_plain(HTTPStatus.INTERNAL_SERVER_ERROR, detail))


def _plain(status: HTTPStatus, detail: str) -> dict[str, object]:
    return {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}


def _answer(content: Mapping[str, object]) -> JSONResponse:
    return JSONResponse(dict(content), int(str(content["status"])), media_type=MEDIA_TYPE)


def _place(location: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in location)
