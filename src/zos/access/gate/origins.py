"""Where a request says that it is from and for: names that we answer to, pages that may write."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from zos.config.model import ApiConfig

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_SAME_SITE = frozenset({"same-origin", "none"})


def allowed_hosts(settings: ApiConfig) -> frozenset[str]:
    """Return the configured names, and the address itself where it is one: a rebound name is no address."""
    hosts = LOOPBACK_NAMES | {host.lower() for host in settings.allowed_hosts}
    try:
        is_wildcard = ip_address(settings.host).is_unspecified
    except ValueError:
        is_wildcard = False
    return hosts if is_wildcard else hosts | {settings.host.lower()}


def host_name(header: str) -> str:
    """Return the lower-case name of a Host header, without its port and brackets."""
    try:
        return (urlsplit(f"//{header}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_from_elsewhere(headers: Headers) -> bool:
    """Whether another site's page makes this request: a browser says where it is from."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in _SAME_SITE
    origin = headers.get("origin")
    return origin is not None and _place(origin) != headers.get("host", "").lower()


def _place(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def says_where_from(headers: Headers) -> bool:
    """Whether the request tells what page it is from, as every browser's writes do."""
    return "sec-fetch-site" in headers or "origin" in headers
