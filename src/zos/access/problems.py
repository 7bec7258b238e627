"""Errors on the wire: `problem+json` (RFC 9457) from our error tree, and back into it.

In: an error. Out: a JSON object whose `type` names the error's class, so that the command line
that asked a service fails exactly as if it had done the work itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from zos.core.errors import (
    ConsentError,
    DatabaseError,
    EndedError,
    ForbiddenError,
    LayerNotFoundError,
    ModelError,
    NotFoundError,
    ServiceError,
    StillRunningError,
    UsageError,
    ZosError,
)

MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:zos:problem:"
_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_STATUS_OF: tuple[tuple[type[ZosError], int], ...] = (  # the first that fits
    (ForbiddenError, 403),
    (LayerNotFoundError, 404),
    (NotFoundError, 404),
    (StillRunningError, 409),
    (EndedError, 409),
    (ConsentError, 403),
    (UsageError, 422),
    (DatabaseError, 503),
    (ServiceError, 503),
    (ModelError, 502),
    (ZosError, 500),
)

_OF_THE_GATE = (  # what no error of ours says: the gate answers before any route is asked
    ("token", 401, "The token or key is missing or wrong"),
    ("cross-site", 403, "Another site's page may not write here"),
    ("too-large", 413, "The request is too large"),
    ("host", 421, "The service does not answer to this name"),
    ("timeout", 503, "The answer took too long"),
)


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A kind of problem. `type` is what a problem object says of its kind."""

    type: str
    status: int
    title: str


def kinds() -> list[ProblemKind]:
    """Return every kind of problem that there is, by status and type."""
    gate = [ProblemKind(_TYPE_PREFIX + kind, status, title) for kind, status, title in _OF_THE_GATE]
    ours = [
        ProblemKind(_TYPE_PREFIX + _kind(error), _status_of(error), _title(error))
        for error in _tree(ZosError)
        if error.__module__ == ZosError.__module__
    ]
    return sorted([*gate, *ours], key=lambda one: (one.status, one.type))


def problem(error: ZosError) -> dict[str, object]:
    """Return `error` as a problem object, with the HTTP status that fits it."""
    return {
        "type": _TYPE_PREFIX + _kind(type(error)),
        "title": _title(type(error)),
        "status": status_of(error),
        "detail": error.message,
        **({"hint": error.hint} if error.hint else {}),
    }


def status_of(error: ZosError) -> int:
    """Return the HTTP status that fits `error`."""
    return _status_of(type(error))


def as_error(content: Mapping[str, Any]) -> ZosError:
    """Return the error that a problem object tells of; an unknown type becomes a `ServiceError`."""
    kind = str(content.get("type", "")).removeprefix(_TYPE_PREFIX)
    matching = (one for one in _tree(ZosError) if _kind(one) == kind)
    detail = str(content.get("detail") or content.get("title") or "The service refused.")
    return next(matching, ServiceError)(detail, hint=str(content.get("hint", "")))


def _status_of(error: type[ZosError]) -> int:
    return next(status for kind, status in _STATUS_OF if issubclass(error, kind))


def _title(error: type[ZosError]) -> str:
    return (error.__doc__ or "").strip().splitlines()[0].rstrip(".")


def _kind(error: type[ZosError]) -> str:
    """`LayerNotFoundError` → `layer-not-found`."""
    return _WORD.sub("-", error.__name__.removesuffix("Error")).lower()


def _tree(root: type[ZosError]) -> Iterator[type[ZosError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)
