"""The gate's rules, in their order: each a question to a request, answered with a refusal or None."""

from __future__ import annotations

from collections.abc import Collection
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import Scope

from zos.access.gate.origins import host_name, is_from_elsewhere, says_where_from
from zos.access.gate.places import is_for_viewers
from zos.access.gate.refusals import Refusal
from zos.access.principal import Principal, Via

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def is_write(scope: Scope) -> bool:
    """Whether a request may change something."""
    return scope["method"] not in _READING


def foreign_host(headers: Headers, hosts: Collection[str]) -> Refusal | None:
    """Refuse a name that is not ours: a page of elsewhere whose name was rebound to our address."""
    host = host_name(headers.get("host", ""))
    if host in hosts:
        return None
    return Refusal(
        HTTPStatus.MISDIRECTED_REQUEST,
        "host",
        f"This service does not answer to the name {host!r}.",
        "See api.allowed_hosts.",
    )


def write_from_elsewhere(scope: Scope, headers: Headers) -> Refusal | None:
    """Refuse a write that another site's page makes."""
    if is_write(scope) and is_from_elsewhere(headers):
        return Refusal(
            HTTPStatus.FORBIDDEN, "cross-site", "Another site's page may not write here."
        )
    return None


def write_not_allowed(scope: Scope, headers: Headers, principal: Principal) -> Refusal | None:
    """Refuse a viewer's write, and one with a cookie that does not say which page it is from."""
    if not is_write(scope):
        return None
    if principal.via is Via.SESSION and not says_where_from(headers):
        return Refusal(
            HTTPStatus.FORBIDDEN,
            "cross-site",
            "A write with a session says which page it is from.",
            "Send Origin, as browsers do, or a key instead of the session.",
        )
    if principal.may_write or is_for_viewers(scope["path"]):
        return None
    return Refusal(
        HTTPStatus.FORBIDDEN,
        "forbidden",
        "A viewer may read, and not change anything.",
        "Ask an operator.",
    )
