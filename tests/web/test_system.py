"""The System page: health, store, connection, and who is let in."""

from __future__ import annotations

import os
import re

import httpx
from tests.web.conftest import Web

from zos.access.access import OPERATOR
from zos.access.login.store import Grant
from zos.access.principal import Role

BEN = Grant("ben", Role.VIEWER)


async def as_viewer(web: Web) -> None:
    secret, _ = await web.api.access.keys.make(BEN, None)
    web.http.headers["Authorization"] = f"Bearer {secret}"


async def test_it_tells_how_everything_is(web: Web) -> None:
    text = await web.text("/system")
    assert "System problem" in text
    assert "The scheduler does not run: no layer will fire." in text
    assert re.search(r"Database [\d.,]+ (KiB|MiB)", text)
    assert "Discord off 0 servers" in text
    web.services.scheduler.start()
    assert "Layers run as promised" in await web.text("/system")
    await web.services.scheduler.drain(0)
    web.services.scheduler.stop()


async def test_it_lists_backups_the_newest_first(web: Web) -> None:
    assert "zos db backup makes one" in await web.text("/system")
    folder = web.services.config.data_dir / "backups"
    folder.mkdir(parents=True)
    for name, age_seconds in (("old.db", 7_200), ("new.db", 3_600), (".draft", 0)):
        (folder / name).write_bytes(b"x" * 2_048)
        moment = web.clock.now().timestamp() - age_seconds
        os.utime(folder / name, (moment, moment))
    text = await web.text("/system")
    assert "the last one 1 h ago" in text
    assert text.index("new.db 2.0 KiB") < text.index("old.db 2.0 KiB")
    assert ".draft" not in text


async def test_it_shows_the_configuration_without_its_secrets(web: Web) -> None:
    text = await web.text("/system")
    assert "scheduler.timezone UTC" in text
    assert "discord.token" in text


async def test_a_key_is_made_shown_once_and_revoked(web: Web) -> None:
    assert "There are no keys." in await web.text("/system")
    made = await web.send("/system/keys", name="grafana", days="30")
    secret = re.search(r"zos_[\w-]{43}", made.text)
    assert secret is not None
    page = await web.page("/system")
    assert "grafana" in page
    assert secret[0] not in page
    (key,) = await web.api.access.keys.all()
    assert (key.role, key.expires_at is not None) == (Role.VIEWER, True)
    gone = await web.send(f"/system/keys/{key.id}/revoke")
    assert "The key grafana is no key any more." in gone.text
    again = await web.send(f"/system/keys/{key.id}/revoke")
    assert (again.status_code, "There is no key" in again.text) == (404, True)


async def test_a_key_may_have_no_end(web: Web) -> None:
    await web.send("/system/keys", name="ci", role="operator", days="")
    (key,) = await web.api.access.keys.all()
    assert (key.role, key.expires_at) == (Role.OPERATOR, None)
    assert "ci operator" in await web.text("/system")


async def test_a_key_whose_time_is_over_says_so(web: Web) -> None:
    await web.send("/system/keys", name="grafana", days="1")
    await web.clock.sleep(86_400)
    assert "ended" in await web.text("/system")


async def test_a_link_is_made_for_somebody_else(web: Web) -> None:
    made = await web.send("/system/links", name="ben")
    address = re.search(r"http://127\.0\.0\.1:\d+/login\?code=[\w-]{43}", made.text)
    assert address is not None
    code = address[0].partition("code=")[2]
    async with httpx.AsyncClient(base_url=web.http.base_url) as browser:
        await browser.post("/login", data={"code": code}, headers={"User-Agent": "Lynx"})
        assert (await browser.get("/system")).status_code == 200
        assert "ben viewer" in await web.text("/system")
        (session,) = await web.api.access.sessions.all()
        ended = await web.send(f"/system/sessions/{session.id}/revoke")
        assert "The session has ended." in ended.text
        assert (await browser.get("/system")).status_code == 303


async def test_one_sees_which_session_is_ones_own(web: Web) -> None:
    code = await web.api.access.links.make(OPERATOR)
    async with httpx.AsyncClient(base_url=web.http.base_url) as browser:
        await browser.post("/login", data={"code": code})
        assert "operator (you)" in (await browser.get("/system")).text


async def test_a_name_that_is_none_is_refused_in_a_sentence(web: Web) -> None:
    answer = await web.send("/system/keys", name=" ")
    assert (answer.status_code, "1 to 100 characters" in answer.text) == (422, True)


async def test_a_viewer_sees_health_and_not_who_is_let_in(web: Web) -> None:
    await as_viewer(web)
    text = await web.text("/system")
    assert "Database" in text
    for hidden in ("Who is logged in", "Keys of programs", "What was changed", "Configuration"):
        assert hidden not in text
    assert (await web.http.get("/system/audit")).status_code == 403
    for form in ("/system/keys", "/system/links"):
        assert (await web.send(form, name="eve", role="operator")).status_code == 403
    assert len(await web.api.access.keys.all()) == 1


async def test_what_was_changed_is_told_page_by_page(web: Web) -> None:
    assert "Nothing was changed yet." in await web.text("/system/audit")
    for number in range(51):
        await web.send("/system/keys", name=f"key-{number}")
    await web.send("/system/keys", name="key-1")
    page = await web.page("/system/audit")
    assert page.count("make key") == 50
    assert "refused" in page
    older = re.search(r'href="(/system/audit\?before=\w+)" rel="next"', page)
    assert older is not None
    assert (await web.http.get(older[1])).text.count("make key") == 2
    assert "Nothing was changed yet." in await web.text("/system/audit", name="nobody")
    assert "make key" in await web.text("/system")
