"""Logging in and out, as a browser without JavaScript does it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from tests.api.conftest import TOKEN, Api
from tests.web.conftest import Web

from zos.access.access import OPERATOR
from zos.access.login import attempts, store
from zos.access.login.store import Grant
from zos.access.principal import Role, Via
from zos.access.sessions.store import IDLE_LIFETIME, LIFETIME
from zos.core.clock import SimulatedClock

ANN = Grant("ann", Role.VIEWER)


@pytest.fixture
async def browser(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that nobody knows yet."""
    from_us = {"Sec-Fetch-Site": "same-origin", "User-Agent": "Netscape 4"}
    async with httpx.AsyncClient(base_url=api.url, headers=from_us) as http:
        yield http


async def log_in(browser: httpx.AsyncClient, **form: str) -> httpx.Response:
    return await browser.post("/login", data=form)


async def logged_in(api: Api, browser: httpx.AsyncClient, grant: Grant = OPERATOR) -> None:
    answer = await log_in(browser, code=await api.access.links.make(grant))
    assert answer.status_code == 303


async def test_a_link_leads_to_a_button_and_the_button_to_where_one_wanted_to_go(
    api: Api, browser: httpx.AsyncClient
) -> None:
    code = await api.access.links.make(ANN)
    page = await browser.get("/login", params={"code": code, "next": "/preferences"})
    assert (page.status_code, f'value="{code}"' in page.text) == (200, True)
    assert 'value="/preferences"' in page.text
    answer = await log_in(browser, code=code, next="/preferences")
    assert (answer.status_code, answer.headers["location"]) == (303, "/preferences")
    shown = await browser.get("/preferences")
    assert "ann (may look, not change)" in shown.text
    assert "Log out" in shown.text


async def test_to_look_at_a_links_page_does_not_use_it_up_but_a_login_does(
    api: Api, browser: httpx.AsyncClient
) -> None:
    code = await api.access.links.make(ANN)
    for _ in range(3):
        assert (await browser.get("/login", params={"code": code})).status_code == 200
    assert (await log_in(browser, code=code)).status_code == 303
    again = await log_in(browser, code=code)
    assert (again.status_code, "was used already" in again.text) == (403, True)
    assert code not in again.text


async def test_a_link_is_soon_too_old(
    api: Api, browser: httpx.AsyncClient, clock: SimulatedClock
) -> None:
    code = await api.access.links.make(ANN)
    clock.move_to(clock.now() + store.LIFETIME)
    assert (await log_in(browser, code=code)).status_code == 403


async def test_the_operators_token_logs_in_too(browser: httpx.AsyncClient) -> None:
    assert 'name="token"' in (await browser.get("/login")).text
    wrong = await log_in(browser, token="x" * 43)
    assert (wrong.status_code, "not the operator" in wrong.text) == (403, True)
    assert (await log_in(browser, token=f" {TOKEN.reveal()}\n")).status_code == 303
    assert "operator" in (await browser.get("/preferences")).text


async def test_the_cookie_is_kept_from_scripts_and_other_sites(
    api: Api, browser: httpx.AsyncClient
) -> None:
    answer = await log_in(browser, code=await api.access.links.make(ANN))
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.startswith("zos-session=")
    assert cookie.endswith("; HttpOnly; Path=/; SameSite=lax")


async def test_a_session_opens_the_api_as_well(api: Api, browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/api/v1/jobs")).status_code == 401
    await logged_in(api, browser)
    assert (await browser.get("/api/v1/jobs")).status_code == 200
    assert (await browser.get("/api/v1/jobs", headers={"Cookie": "]="})).status_code == 401


async def test_a_logout_ends_the_session_not_only_the_cookie(
    api: Api, browser: httpx.AsyncClient
) -> None:
    await logged_in(api, browser, ANN)
    secret = browser.cookies["zos-session"]
    answer = await browser.post("/logout")
    assert (answer.headers["location"], dict(browser.cookies)) == ("/login", {})
    stolen = await browser.get("/preferences", headers={"Cookie": f"zos-session={secret}"})
    assert stolen.status_code == 303
    assert await api.access.sessions.all() == []


async def test_a_login_leaves_no_older_session_of_the_browser_behind(
    api: Api, browser: httpx.AsyncClient
) -> None:
    await logged_in(api, browser, ANN)
    await logged_in(api, browser)
    (session,) = await api.access.sessions.all()
    assert (session.name, session.role, session.agent) == ("operator", Role.OPERATOR, "Netscape 4")


@pytest.mark.parametrize("step", [timedelta(days=6), timedelta(days=7)])
async def test_a_session_ends_when_it_is_not_used_and_at_last_in_any_case(
    api: Api, browser: httpx.AsyncClient, clock: SimulatedClock, step: timedelta
) -> None:
    start = clock.now()
    await logged_in(api, browser)
    while (await browser.get("/preferences")).status_code == 200:
        clock.move_to(clock.now() + step)
    lasted = clock.now() - start
    assert lasted == (step if step >= IDLE_LIFETIME else LIFETIME)


@pytest.mark.parametrize("after", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_a_login_never_leads_to_another_site(
    api: Api, browser: httpx.AsyncClient, after: str
) -> None:
    assert "evil" not in (await browser.get("/login", params={"next": after})).text
    answer = await log_in(browser, code=await api.access.links.make(ANN), next=after)
    assert answer.headers["location"] == "/"


async def test_a_login_cannot_be_found_by_trying(
    browser: httpx.AsyncClient, clock: SimulatedClock
) -> None:
    for _ in range(attempts.CLIENT_BURST):
        assert (await log_in(browser, token="x" * 43)).status_code == 403
    assert (await log_in(browser, code="x" * 43)).status_code == 429
    refused = await log_in(browser, token=TOKEN.reveal())
    assert (refused.status_code, "Wait 20 s" in refused.text) == (429, True)
    await clock.sleep(int(refused.headers["retry-after"]))
    assert (await log_in(browser, token=TOKEN.reveal())).status_code == 303


async def test_strangers_tries_keep_nobody_out_whose_link_is_good(
    api: Api, browser: httpx.AsyncClient
) -> None:
    for number in range(attempts.GLOBAL_BURST):
        assert api.access.attempts.take(f"10.0.{number}.1") == 0
    assert (await log_in(browser, token=TOKEN.reveal())).status_code == 429
    code = await api.access.links.make(OPERATOR)
    assert (await log_in(browser, code=code)).status_code == 303
    assert (await browser.get("/system")).status_code == 200
    assert (await log_in(browser, code=code)).status_code == 429


async def test_logins_that_work_are_not_counted(api: Api, browser: httpx.AsyncClient) -> None:
    for _ in range(attempts.CLIENT_BURST + 1):
        await logged_in(api, browser)


async def test_logins_and_logouts_are_recorded(api: Api, browser: httpx.AsyncClient) -> None:
    await log_in(browser, token="wrong")
    await logged_in(api, browser, ANN)
    await browser.post("/logout")
    rows = (await api.access.audit.page()).items
    assert [(row.name, row.via, row.action, row.status) for row in rows] == [
        ("ann", Via.SESSION, "log_out", 303),
        ("ann", Via.SESSION, "log_in", 303),
    ]


async def test_a_form_of_another_site_does_not_log_anybody_in(
    api: Api, browser: httpx.AsyncClient
) -> None:
    code = await api.access.links.make(ANN)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert (await browser.post("/login", data={"code": code}, headers=foreign)).status_code == 403
    assert (await log_in(browser, code=code)).status_code == 303


async def test_who_is_not_known_sees_no_navigation_and_reads_no_page(web: Web) -> None:
    del web.http.headers["Authorization"]
    assert "Overview" not in await web.text("/login")
    assert (await web.http.get("/preferences")).headers["location"] == "/login?next=/preferences"
