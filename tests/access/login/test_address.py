"""Where a client is."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from zos.access.login.address import client_address


@pytest.mark.parametrize(
    ("said", "trusts_proxy", "address"),
    [
        ((), False, "127.0.0.1"),
        ((), True, "127.0.0.1"),
        (("192.0.2.1",), False, "127.0.0.1"),
        (("192.0.2.1",), True, "192.0.2.1"),
        (("made up, 192.0.2.1",), True, "192.0.2.1"),
        (("made up", "192.0.2.1"), True, "192.0.2.1"),
    ],
)
def test_only_a_declared_proxy_is_believed_and_only_what_it_says_itself(
    said: tuple[str, ...], trusts_proxy: bool, address: str
) -> None:
    headers = [(b"x-forwarded-for", one.encode()) for one in said]
    scope = {"type": "http", "client": ("127.0.0.1", 9), "headers": headers}
    assert client_address(HTTPConnection(scope), trusts_proxy=trusts_proxy) == address


def test_a_client_on_a_socket_has_none() -> None:
    assert client_address(HTTPConnection({"type": "http", "headers": []}), trusts_proxy=False) == ""
