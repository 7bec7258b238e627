"""Which paths are something special."""

from __future__ import annotations

import pytest

from zos.access.gate.places import is_endless, is_export


def test_a_members_export_is_one_however_the_member_is_written() -> None:
    for member in ("309044288370490116", "nobody"):
        path = f"/api/v1/members/{member}/export"
        assert (is_export(path), is_endless(path)) == (True, True)


@pytest.mark.parametrize(
    "path",
    [
        "/docs/export",
        "/export",
        "/members/309044288370490116/export",
        "/api/v1/members/export",
        "/api/v1/members/1/export/",
        "/api/v1/members/1/2/export",
        "/api/v1/topics/export",
    ],
)
def test_nothing_else_that_ends_so_is_one(path: str) -> None:
    assert (is_export(path), is_endless(path)) == (False, False)
