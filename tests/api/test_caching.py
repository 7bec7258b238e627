"""Answers that a client has already."""

from __future__ import annotations

import pytest
from tests.api.conftest import Api

pytestmark = pytest.mark.parametrize("config", ["sqlite"], indirect=True)


async def test_what_has_not_changed_is_not_sent_again(api: Api) -> None:
    first = await api.http.get("/jobs")
    tag = first.headers["etag"]
    assert first.headers["vary"] == "Authorization, Cookie"
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = await api.http.get("/jobs", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert "content-type" not in again.headers
    await api.post("/jobs/nightly/pause")
    changed = await api.http.get("/jobs", headers={"If-None-Match": tag})
    assert (changed.status_code, changed.headers["etag"] == tag) == (200, False)


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/jobs", True),
        ("/jobs/nightly", True),
        ("/jobs/nightly/slots", True),
        ("/runs", True),
        ("/costs/calls", True),
        ("/openapi.json", True),
        ("/insights", False),
        ("/topics", False),
        ("/members", False),
        ("/audit", False),
    ],
)
async def test_no_cache_keeps_peoples_words(api: Api, path: str, kept: bool) -> None:
    answer = await api.http.get(path)
    assert "etag" in answer.headers
    assert answer.headers["cache-control"] == ("private, no-cache" if kept else "no-store")


async def test_failures_writes_and_what_is_no_json_have_no_tag(api: Api) -> None:
    answers = [
        await api.http.get("/jobs/nightyl"),
        await api.http.post("/jobs/nightly/pause", headers={"If-None-Match": "*"}),
        await api.http.get(f"{api.url}/metrics"),
    ]
    assert [one.status_code for one in answers] == [404, 200, 200]
    assert not any("etag" in one.headers for one in answers)
    assert all(one.content for one in answers)
