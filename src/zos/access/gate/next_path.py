"""Where to go after logging in: a path of ours, never another site."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from zos.access.gate.places import LOGIN_PATH

MAX_LENGTH = 2000


def safe_next(given: str | None) -> str:
    r"""Return `given` if it is a path of this service that can be gone to, else `/`.

    A browser reads `//host`, `/\host` and a path with a tab or line end in it as another site's.
    """
    if not given or len(given) > MAX_LENGTH or not given.isprintable() or "\\" in given:
        return "/"
    try:
        parts = urlsplit(given)
    except ValueError:
        return "/"
    is_ours = not parts.scheme and not parts.netloc and given.startswith("/") and given[1:2] != "/"
    return given if is_ours and parts.path not in {LOGIN_PATH, "/logout"} else "/"


def login_location(wanted: str) -> str:
    """Return where to log in and come back to `wanted` from."""
    back = safe_next(wanted)
    return LOGIN_PATH if back == "/" else f"{LOGIN_PATH}?next={quote(back, safe='/')}"
