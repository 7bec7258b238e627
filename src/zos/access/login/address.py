"""Where a client is, as far as that can be known."""

from __future__ import annotations

from starlette.requests import HTTPConnection


def client_address(request: HTTPConnection, *, trusts_proxy: bool) -> str:
    """Return the address of who makes a request.

    Args:
        request: The request.
        trusts_proxy: Whether a proxy stands in front. It then says whom it got the request from; what
            stands before that in the header anybody may have written.
    """
    said = request.headers.getlist("x-forwarded-for")
    if trusts_proxy and said:
        return said[-1].rpartition(",")[2].strip()
    return request.client.host if request.client else ""
