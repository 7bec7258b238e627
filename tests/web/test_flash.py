"""What is said once, on the page after a form."""

from __future__ import annotations

import pytest
from tests.web.conftest import Web

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


async def test_it_is_said_once(web: Web) -> None:
    await web.http.post("/system/keys", data={"name": "grafana"})
    (key,) = await web.api.access.keys.all()
    answer = await web.http.post(f"/system/keys/{key.id}/revoke")
    (cookie,) = answer.headers.get_list("set-cookie")
    assert cookie.endswith("HttpOnly; Max-Age=60; Path=/; SameSite=strict")
    said = "The key grafana is no key any more."
    assert said in await web.text("/system")
    assert said not in await web.text("/system")


@pytest.mark.parametrize(
    ("cookie", "shown"),
    [
        (".%3Cscript%3Ealert(1)%3C/script%3E", 'role="status">&lt;script&gt;alert(1)'),
        ("!It%20broke.", 'role="alert">It broke.</p>'),
        ("%", "<h1>"),
        (".%FF%FE", 'role="status">'),
    ],
)
async def test_whoever_wrote_the_cookie_its_text_is_text(web: Web, cookie: str, shown: str) -> None:
    page = (await web.http.get("/preferences", headers={"Cookie": f"zos-said={cookie}"})).text
    assert shown in page
    assert "<script>alert" not in page
