"""Errors on the wire: `problem+json` (RFC 9457) from our error tree, and back into it.

In: an error. Out: a JSON object whose `type` names the error's class, so that the command line
that asked a service fails exactly as if it had done the work itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from zos.core.errors import (
    ConsentError,
    DatabaseError,
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
    (ConsentError, 403),
    (UsageError, 422),
    (DatabaseError, 503),
    (ServiceError, 503),
    (ModelError, 502),
    (ZosError, 500),
)


def problem(error: ZosError) -> dict[str, object]:
    """Return `error` as a problem object, with the HTTP status that fits it."""
    return {
        "type": _TYPE_PREFIX + _kind(type(error)),
        "title": (type(error).__doc__ or "").strip().splitlines()[0].rstrip("."),
        "status": status_of(error),
        "detail": error.message,
        **({"hint": error.hint} if error.hint else {}),
    }


def status_of(error: ZosError) -> int:
    """Return the HTTP status that fits `error`."""
    return next(status for kind, status in _STATUS_OF if isinstance(error, kind))


def as_error(content: Mapping[str, Any]) -> ZosError:
    """Return the error that a problem object tells of; an unknown type becomes a `ServiceError`."""
    kind = str(content.get("type", "")).removeprefix(_TYPE_PREFIX)
    matching = (one for one in _tree(ZosError) if _kind(one) == kind)
    detail = str(content.get("detail") or content.get("title") or "The service refused.")
    return next(matching, ServiceError)(detail, hint=str(content.get("hint", "")))


def _kind(error: type[ZosError]) -> str:
    """`LayerNotFoundError` → `layer-not-found`."""
    return _WORD.sub("-", error.__name__.removesuffix("Error")).lower()


def _tree(root: type[ZosError]) -> Iterator[type[ZosError]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)
