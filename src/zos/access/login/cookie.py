"""Where a browser keeps its session: a cookie that no script reads and no other site's form sends.

In: the configuration's `api` section. Out: the cookie's name and attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from zos.config.model import ApiConfig


@dataclass(frozen=True, slots=True)
class SessionCookie:
    """The cookie of sessions.

    Attributes:
        secure: Whether browsers reach the service over TLS alone. They then take the cookie from its own
            host only, and send it over TLS only.
    """

    secure: bool

    @classmethod
    def of(cls, settings: ApiConfig) -> SessionCookie:
        """Return the cookie that fits how the service is reached."""
        return cls(settings.tls_certificate is not None or settings.trusted_proxy)

    @property
    def name(self) -> str:
        """Its name; the prefix binds browsers to what it promises."""
        return "__Host-zos-session" if self.secure else "zos-session"

    @property
    def attributes(self) -> dict[str, Any]:
        """What it is set and deleted with."""
        return {"path": "/", "httponly": True, "samesite": "lax", "secure": self.secure}

    def read(self, headers: Headers) -> str:
        """Return the session's secret of a request with these headers, or an empty text."""
        return cookie_parser(headers.get("cookie", "")).get(self.name, "")
