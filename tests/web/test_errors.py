"""What goes wrong within a page is a page."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs
from tests.web.conftest import Web

from zos.core.errors import DatabaseError

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


def failing(monkeypatch: pytest.MonkeyPatch, web: Web, error: Exception) -> None:
    """Let every page that asks for health fail."""

    async def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(type(web.services.health), "report", fail)


async def test_an_error_of_ours_is_told_with_the_next_step(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, web, DatabaseError("The disk is full.", hint="Make room."))
    answer = await web.http.get("/system")
    assert answer.status_code == 503
    assert "<p>The disk is full.</p>\n<p>Make room.</p>" in answer.text


async def test_a_bug_tells_nothing_of_itself(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, web, RuntimeError("the innards"))
    with capture_logs() as logged:
        answer = await web.http.get("/system")
    assert answer.status_code == 500
    assert [(one["event"], one["path"]) for one in logged] == [("page_crashed", "/system")]
    assert "Something unexpected went wrong." in answer.text
    assert "innards" not in answer.text


async def test_what_was_not_understood_is_named(web: Web) -> None:
    answer = await web.http.get("/system/audit", params={"before": "<b>"})
    assert (answer.status_code, "This was not understood: before:" in answer.text) == (422, True)


async def test_a_sign_that_cannot_be_is_told_in_words(web: Web) -> None:
    for answer in (
        await web.http.get("/members", params={"q": "a\0b"}),
        await web.http.post("/layers/nightly/pause", data={"note": "a\0b"}),
    ):
        assert answer.status_code == 422
        assert "it has a character that cannot be there." in answer.text
        assert "pattern" not in answer.text


async def test_a_form_about_what_is_not_there_says_so_once(web: Web) -> None:
    answer = await web.send("/runs/NOPE/cancel")
    assert (answer.status_code, answer.text.count("There is no run NOPE.")) == (404, 1)
    assert "There is no run NOPE." not in await web.page("/")


async def test_a_page_that_takes_no_form_says_what_it_takes(web: Web) -> None:
    answer = await web.http.post("/system")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert "Method Not Allowed." in answer.text


async def test_browsers_find_the_mark(web: Web) -> None:
    answer = await web.http.get("/favicon.ico")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
