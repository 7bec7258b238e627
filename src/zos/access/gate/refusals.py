"""What the gate says no with: a problem to programs, a page to people."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus

from starlette.responses import HTMLResponse, JSONResponse, Response

from zos.access.gate.places import Surface
from zos.access.problems import MEDIA_TYPE

_PAGE = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} · Zos</title></head>
<body><main><h1>{title}</h1><p>{detail} {hint}</p><p><a href="/">Overview</a></p></main></body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that goes no further.

    Attributes:
        kind: `urn:zos:problem:<kind>`.
        detail: What is wrong, in a sentence.
        hint: What to do next, in a sentence.
        headers: Further headers of the answer.
    """

    status: HTTPStatus
    kind: str
    detail: str
    hint: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def answer(refusal: Refusal, surface: Surface) -> Response:
    """Return `refusal` as `surface` says it."""
    return _problem(refusal) if surface is Surface.API else _page(refusal)


def _problem(refusal: Refusal) -> Response:
    content = {
        "type": f"urn:zos:problem:{refusal.kind}",
        "title": refusal.status.phrase,
        "status": refusal.status.value,
        "detail": refusal.detail,
        **({"hint": refusal.hint} if refusal.hint else {}),
    }
    return JSONResponse(content, refusal.status, refusal.headers, media_type=MEDIA_TYPE)


def _page(refusal: Refusal) -> Response:
    words = (refusal.status.phrase, refusal.detail, refusal.hint)
    title, detail, hint = (escape(word) for word in words)
    page = _PAGE.format(title=title, detail=detail, hint=hint)
    return HTMLResponse(page, refusal.status, refusal.headers)
