"""What people do on the pages: with and without JavaScript, by keyboard, on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Route, expect
from tests.browser.conftest import PHONE, Service, Watch


@pytest.fixture
def context(browser: Browser, cookies: Path) -> Iterator[BrowserContext]:
    opened = browser.new_context(storage_state=cookies)
    yield opened
    opened.close()


@pytest.fixture
def plain(browser: Browser, cookies: Path) -> Iterator[BrowserContext]:
    """A browser without JavaScript."""
    opened = browser.new_context(storage_state=cookies, java_script_enabled=False)
    yield opened
    opened.close()


def test_a_login_link_opens_once(browser: Browser, cookies: Path, service: Service) -> None:
    assert cookies.exists()
    context = browser.new_context()
    page = context.new_page()
    page.goto(service.login)
    if page.locator("form button.primary").count():
        page.locator("form button.primary").first.click()
    assert "/login" in page.url
    page.goto(service.url + "/insights")
    assert "/login" in page.url
    context.close()


def test_colours_are_chosen_without_javascript(plain: BrowserContext, service: Service) -> None:
    page = plain.new_page()
    page.goto(service.url)
    page.get_by_role("button", name="Dark").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.get_by_role("button", name="Dark").get_attribute("aria-pressed") == "true"


def test_insights_are_searched_and_read_without_javascript(
    plain: BrowserContext, service: Service
) -> None:
    page = plain.new_page()
    page.goto(service.url + "/insights")
    page.locator("input[name=q]").first.fill("kiln")
    page.locator("input[name=q]").first.press("Enter")
    expect(page.locator("main")).to_contain_text("kiln")
    page.locator("main a[href^='/insights/01']").first.click()
    expect(page.locator("h1")).to_be_visible()


def test_the_keyboard_skips_to_the_content(context: BrowserContext, watch: Watch) -> None:
    watched = watch(context)
    watched.go("/")
    watched.page.keyboard.press("Tab")
    expect(watched.page.locator("a.skip")).to_be_focused()
    watched.page.keyboard.press("Enter")
    assert watched.page.url.endswith("#content")


def test_a_phone_shows_the_menu_when_asked(browser: Browser, cookies: Path, watch: Watch) -> None:
    context = browser.new_context(
        storage_state=cookies, viewport={"width": PHONE, "height": 800}, has_touch=True
    )
    watched = watch(context)
    watched.go("/")
    menu = watched.page.locator("#menu")
    expect(menu).to_be_hidden()
    watched.page.get_by_role("button", name="Menu").tap()
    menu.get_by_role("link", name="Insights").tap()
    watched.page.wait_for_url("**/insights")
    assert watched.faults() == []
    context.close()


def test_a_run_appears_on_an_open_page(
    context: BrowserContext, watch: Watch, service: Service
) -> None:
    watched = watch(context)
    watched.go("/runs")
    before = watched.page.locator("main tbody tr").first.inner_text()
    service.zos("reflect", "trigger", "nightly-emoji-reflection", "--wait")
    expect(watched.page.locator("main tbody tr").first).not_to_have_text(before)
    expect(watched.page.locator("main tbody tr").first).to_contain_text("nightly-emoji-reflection")
    assert watched.faults() == []


def test_a_page_listens_once_and_misses_nothing_before_it_does(
    context: BrowserContext, watch: Watch, service: Service
) -> None:
    watched = watch(context)
    asked: list[str] = []
    held: list[Route] = []
    watched.page.on("request", lambda made: asked.append(urlsplit(made.url).path))

    def hold(route: Route) -> None:
        held.append(route)

    watched.page.route("**/api/v1/events?*", hold)
    watched.go("/schedule")
    row = watched.page.locator("#schedule tbody tr", has_text="nightly-emoji-reflection")
    expect(row).to_contain_text("active")
    service.zos("reflect", "pause", "nightly-emoji-reflection")
    expect(row).to_contain_text("active")
    held[0].continue_()
    expect(row).to_contain_text("paused")
    service.zos("reflect", "resume", "nightly-emoji-reflection")
    expect(row).to_contain_text("active")
    assert asked.count("/api/v1/events") == 1
    assert asked.count("/schedule") <= 5
    assert watched.faults() == []
