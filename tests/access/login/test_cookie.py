"""The cookie of sessions."""

from __future__ import annotations

import pytest
from starlette.datastructures import Headers

from zos.access.login.cookie import SessionCookie
from zos.config.model import ApiConfig

PLAIN, SECURE = SessionCookie(secure=False), SessionCookie(secure=True)


@pytest.mark.parametrize(
    ("settings", "cookie"),
    [
        ({}, PLAIN),
        ({"trusted_proxy": True}, SECURE),
        ({"tls_certificate": "a.pem", "tls_key": "b.pem"}, SECURE),
    ],
)
def test_over_tls_browsers_send_it_over_tls_alone_and_take_it_from_this_host_alone(
    settings: dict[str, object], cookie: SessionCookie
) -> None:
    assert SessionCookie.of(ApiConfig.model_validate(settings)) == cookie
    assert cookie.attributes["secure"] is cookie.name.startswith("__Host-")
    assert (cookie.attributes["path"], cookie.attributes["httponly"]) == ("/", True)


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("zos-session=abc", "abc"),
        ("zos-theme=dark; zos-session=abc; other=x", "abc"),
        ("__Host-zos-session=abc", ""),
        ("of=another, [program]; zos-session=abc", "abc"),
        ("zos-theme=dark", ""),
        ("", ""),
        ("=", ""),
        ("a b c", ""),
    ],
)
def test_it_is_found_among_others_whatever_they_hold(sent: str, found: str) -> None:
    assert PLAIN.read(Headers({"cookie": sent})) == found


def test_a_cookie_that_could_be_another_hosts_is_none() -> None:
    assert SECURE.read(Headers({"cookie": "zos-session=abc"})) == ""
