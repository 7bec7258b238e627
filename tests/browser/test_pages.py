"""Every page, in both themes, at a phone's and a desktop's width, in a real browser."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext
from tests.browser.conftest import DESKTOP, PHONE, Service, Watch
from tests.browser.routes import addresses, page_routes

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
ROUTES = sorted(page_routes())
# Where pictures of the pages go; without it none are taken.
PICTURES = os.environ.get("SCREENSHOTS")
PICTURED = ("desktop-light", "phone-dark")
_SERIOUS = """
async () => (await axe.run()).violations
  .filter((one) => ["serious", "critical"].includes(one.impact))
  .map((one) => one.id + ": " + one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | "))
"""
_OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="session")
def where(service: Service, cookies: Path) -> dict[str, str]:
    """An address of every page."""
    jar = {one["name"]: one["value"] for one in json.loads(cookies.read_text())["cookies"]}
    with httpx.Client(base_url=service.url, cookies=jar, follow_redirects=True) as client:
        return addresses(client)


@dataclass(frozen=True)
class Look:
    """How somebody looks at the pages."""

    context: BrowserContext
    name: str


@pytest.fixture(
    scope="module",
    params=[(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"), (PHONE, "dark")],
    ids=["desktop-light", "desktop-dark", "phone-light", "phone-dark"],
)
def look(request: pytest.FixtureRequest, browser: Browser, cookies: Path) -> Iterator[Look]:
    """A browser of one width in one theme."""
    width, theme = request.param
    opened = browser.new_context(
        storage_state=cookies,
        color_scheme=theme,
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    yield Look(opened, f"{'desktop' if width == DESKTOP else 'phone'}-{theme}")
    opened.close()


@pytest.mark.parametrize("route", ROUTES)
def test_it_is_quiet_usable_and_fits(
    route: str, where: dict[str, str], look: Look, watch: Watch
) -> None:
    assert route in where, "no link leads to it"
    watched = watch(look.context)
    page = watched.page
    try:
        watched.go(where[route])
        assert page.locator("h1").count() == 1
        assert page.evaluate(_OVERFLOW) <= 0, "it is wider than the screen"
        page.evaluate(AXE.read_text())
        assert page.evaluate(_SERIOUS) == []
        assert watched.faults() == []
        if PICTURES and look.name in PICTURED:
            page.screenshot(path=Path(PICTURES) / f"{route}-{look.name}.png")
    finally:
        page.close()
