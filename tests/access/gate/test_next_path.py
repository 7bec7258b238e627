"""Where a login leads: never to another site."""

from __future__ import annotations

import pytest

from zos.access.gate.next_path import MAX_LENGTH, login_location, safe_next


@pytest.mark.parametrize("path", ["/", "/runs", "/runs?layer=a&x=//b", "/topics/server:1:user:2"])
def test_a_path_of_ours_is_gone_to(path: str) -> None:
    assert safe_next(path) == path


@pytest.mark.parametrize(
    "path",
    [
        None,
        "",
        "runs",
        "https://evil.example/",
        "https:evil.example",
        "javascript:alert(1)",
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nlocation: //evil.example",
        " //evil.example",
        "//[",
        "/" * (MAX_LENGTH + 1),
        "/login?next=/login",
        "/logout",
    ],
)
def test_anything_else_is_the_first_page(path: str | None) -> None:
    assert safe_next(path) == "/"
    assert login_location(path or "") == "/login"


def test_the_way_back_cannot_add_to_the_address_of_the_login() -> None:
    assert login_location("/runs?a=b&link=c#d") == "/login?next=/runs%3Fa%3Db%26link%3Dc%23d"
