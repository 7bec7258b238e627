"""What browsers are told: nothing inline, nothing evaluated, nothing from elsewhere."""

from __future__ import annotations

import pytest

from zos.access.gate.places import Surface
from zos.access.gate.policy import headers_for


def directives(surface: Surface) -> dict[str, list[str]]:
    policy = headers_for(surface)["content-security-policy"]
    return {one.split()[0]: one.split()[1:] for one in policy.split("; ")}


@pytest.mark.parametrize("surface", Surface)
def test_no_policy_lets_in_what_is_inline_evaluated_or_from_elsewhere(surface: Surface) -> None:
    sources = {source for allowed in directives(surface).values() for source in allowed}
    assert sources <= {"'none'", "'self'"}
    assert directives(surface)["default-src"] == ["'none'"]
    assert directives(surface)["frame-ancestors"] == ["'none'"]


def test_pages_send_forms_to_us_alone_and_have_no_other_base() -> None:
    assert directives(Surface.PAGES)["form-action"] == ["'self'"]
    assert directives(Surface.PAGES)["base-uri"] == ["'none'"]


def test_the_api_needs_nothing_of_a_browser() -> None:
    assert set(directives(Surface.API)) == {"default-src", "frame-ancestors"}


def test_pages_own_forms_say_where_they_are_from_and_other_sites_learn_nothing() -> None:
    assert headers_for(Surface.PAGES)["referrer-policy"] == "same-origin"
    assert headers_for(Surface.API)["referrer-policy"] == "no-referrer"
