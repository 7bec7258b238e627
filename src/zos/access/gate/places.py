"""Which paths are the API's and which are pages, and what is special about a few."""

from __future__ import annotations

import re
from enum import StrEnum

LOGIN_PATH = "/login"
LOGOUT_PATH = "/logout"
EVENTS_PATH = "/api/v1/events"

_API_PATHS = frozenset({"/healthz", "/readyz", "/metrics", "/api"})
_API_PREFIX = "/api/"
_OPEN_PATHS = frozenset({"/healthz", LOGIN_PATH, "/favicon.ico"})
_OPEN_PREFIX = "/static/"  # the login page has a style, too
_ENDLESS_PATHS = frozenset({EVENTS_PATH})
_EXPORT = re.compile(r"/api/v1/members/[^/]+/export")  # as long as what it holds
_PREFERENCES_PATH = "/preferences"
_VIEWERS_WRITES = frozenset({LOGOUT_PATH, _PREFERENCES_PATH})


class Surface(StrEnum):
    """What answers: programs and people are refused in different words."""

    API = "api"
    PAGES = "pages"


def surface_of(path: str) -> Surface:
    """Return what answers on this path."""
    return Surface.API if path in _API_PATHS or path.startswith(_API_PREFIX) else Surface.PAGES


def is_open(path: str) -> bool:
    """Whether nobody need be recognised there."""
    return path in _OPEN_PATHS or path.startswith(_OPEN_PREFIX)


def is_endless(path: str) -> bool:
    """Whether its answer has no end, or one that nobody can foresee: events, exports."""
    return path in _ENDLESS_PATHS or is_export(path)


def is_export(path: str) -> bool:
    """Whether all that is known about a member is handed out there."""
    return _EXPORT.fullmatch(path) is not None


def is_for_viewers(path: str) -> bool:
    """Whether a viewer may write there: it concerns nobody but themselves."""
    return path in _VIEWERS_WRITES


def is_unrecorded(path: str) -> bool:
    """Whether a write there is of no interest to the record: colours and zones."""
    return path == _PREFERENCES_PATH
