"""The headers of every answer: the one place that says what a browser may do with it.

In: a surface. Out: headers. Nothing inline, nothing evaluated, nothing from elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping

from zos.access.gate.places import Surface

API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_OWN = "'self'"
_NONE = "'none'"
_PAGES = {
    "default-src": _NONE,
    "script-src": _OWN,
    "style-src": _OWN,
    "img-src": _OWN,
    "font-src": _OWN,
    "connect-src": _OWN,
    "form-action": _OWN,
    "base-uri": _NONE,
    "frame-ancestors": _NONE,
}
PAGES_POLICY = "; ".join(f"{directive} {source}" for directive, source in _PAGES.items())
_ALL = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-content-type-options": "nosniff",
}
_HEADERS: dict[Surface, dict[str, str]] = {
    Surface.API: {
        **_ALL,
        "content-security-policy": API_POLICY,
        "referrer-policy": "no-referrer",
    },
    Surface.PAGES: {
        **_ALL,
        "content-security-policy": PAGES_POLICY,
        # `no-referrer` would make a browser hide the origin of our own forms, which the gate asks for.
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
    },
}


def headers_for(surface: Surface) -> Mapping[str, str]:
    """Return what each answer of `surface` has, unless it says otherwise itself."""
    return _HEADERS[surface]
