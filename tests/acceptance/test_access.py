"""How an operator gets into a running service, and out again."""

from __future__ import annotations

import httpx
from tests.acceptance.conftest import Home


async def test_a_link_opens_the_pages_once_and_what_is_done_is_recorded(home: Home) -> None:
    service = await home.serve()
    url = home.service.url
    link = (await home.ask("access", "link")).out.strip()
    code = link.partition("code=")[2]
    assert link == f"{url}/login?code={code}"
    async with httpx.AsyncClient(base_url=url, headers={"Origin": url}, trust_env=False) as browser:
        assert (await browser.get("/")).headers["location"] == "/login"
        assert "This link opens Zos" in (await browser.get(link)).text
        answer = await browser.post("/login", data={"code": code}, follow_redirects=True)
        assert (answer.status_code, answer.url.path) == (200, "/")
        assert (await browser.post("/login", data={"code": code})).status_code == 403

        (session,) = (await home.ask("access", "session", "list", "--json")).json
        assert session["name"] == "operator"
        assert session["id"] in (await home.ask("access", "session", "list")).out
        assert (await home.ask("reflect", "pause", "nightly", "--note", "moving")).code == 0
        ended = await home.ask("access", "session", "revoke", session["id"])
        assert ended.out == f"The session {session['id']} has ended.\n"
        assert (await browser.get("/")).headers["location"] == "/login"

    record = (await home.ask("access", "audit", "--json")).json
    assert [(row["via"], row["action"]) for row in record] == [
        ("cli", "end_session"),
        ("cli", "pause"),
        ("session", "log_in"),
        ("cli", "make_link"),
    ]
    stopped = await service.stop()
    assert stopped.code == 0, stopped.err
    assert code not in stopped.out + stopped.err
