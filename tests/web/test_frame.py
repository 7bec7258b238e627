"""What every page has: the frame, the files, the preferences, and errors as pages."""

from __future__ import annotations

import pytest
from tests.web.conftest import Web


async def test_a_page_names_its_files_by_content_and_lets_browsers_keep_them(web: Web) -> None:
    page = await web.page("/")
    style = page.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = await web.http.get(style)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    changed = style.replace(style.split("/")[2], "0" * 12)
    assert (await web.http.get(changed)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2f..%2fapp.py",
        "/static//etc/passwd",
        "/static/zos.css",
        "/static/",
    ],
)
async def test_no_path_leads_out_of_the_folder_of_files(web: Web, path: str) -> None:
    answer = await web.http.get(path)
    assert answer.status_code == 404
    assert "There is no such page." in answer.text


async def test_the_theme_is_chosen_by_a_form_and_kept_in_a_cookie(web: Web) -> None:
    assert 'data-theme="auto"' in await web.page("/")
    answer = await web.send("/preferences", theme="dark", back="/preferences")
    assert answer.url.path == "/preferences"
    assert 'data-theme="dark"' in await web.page("/")


async def test_times_are_shown_in_the_zone_that_was_chosen(web: Web) -> None:
    await web.send("/preferences", zone="Asia/Tokyo")
    assert "Asia/Tokyo" in await web.text("/")


async def test_a_zone_that_does_not_exist_is_refused_in_a_sentence(web: Web) -> None:
    answer = await web.send("/preferences", zone="../../etc/passwd")
    assert answer.status_code == 422
    assert "There is no time zone" in answer.text


async def test_cookies_may_hold_anything(web: Web) -> None:
    for name in ("zos-theme", "zos-zone", "zos-said"):
        web.http.cookies.set(name, "<script>alert(1)</script>")
    page = await web.page("/")
    assert 'data-theme="auto"' in page
    assert "<script>alert" not in page


async def test_a_form_never_leads_to_another_site(web: Web) -> None:
    answer = await web.http.post("/preferences", data={"theme": "dark", "back": "//evil.example"})
    assert answer.headers["location"] == "/"


async def test_an_unknown_page_is_a_page_that_says_so(web: Web) -> None:
    answer = await web.http.get("/nowhere")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is no such page." in answer.text
