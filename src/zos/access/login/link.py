"""Where a login link leads."""

from __future__ import annotations

from urllib.parse import urlencode

from zos.access.gate.places import LOGIN_PATH


def login_path(code: str) -> str:
    """Return the page on which the link of that code is taken."""
    return f"{LOGIN_PATH}?{urlencode({'code': code})}"


def login_url(base: str, code: str) -> str:
    """Return the whole address, for a browser that reaches the service at `base`."""
    return base + login_path(code)
