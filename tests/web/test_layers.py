"""Layers: the list, one with all that is known about its schedule, and its slots."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.views.conftest import NOON, History
from tests.web.conftest import Web
from tests.web.conftest import on_sqlite as config

from zos.reflect.states import RunStatus

__all__ = ["config"]

DAY = timedelta(days=1)


async def test_layers_are_listed_with_promise_next_and_last(web: Web, history: History) -> None:
    run = await history.open(slot=NOON - DAY, status=RunStatus.MISSED, reason="down")
    text = await web.text("/layers")
    assert "nightly active At 03:00 every day UTC 3 Mar 03:00 in 15 h missed" in text
    assert f"/runs/{run.id}" in web.links(await web.page("/layers"))


async def test_files_that_could_not_be_used_are_named(web: Web) -> None:
    (web.api.layers / "broken.yaml").write_text("name: <oops>\n")
    web.services.loader.load_all()
    page = await web.page("/layers")
    assert "Files that could not be used" in page
    assert "broken.yaml" in page


async def test_a_layer_is_shown_with_its_file_and_its_promise(web: Web) -> None:
    web.api.write_layer("noon", 'schedule: 0 12 * * *\ntimezone: Asia/Tokyo\ndescription: "<i>"')
    web.services.loader.load_all()
    page = await web.page("/layers/noon")
    assert "&lt;i&gt;" in page
    assert "<i>" not in page
    text = await web.text("/layers/noon")
    for said in (
        "At 12:00 every day 0 12 * * * in Asia/Tokyo",
        "In UTC In Asia/Tokyo From now",
        "3 Mar 03:00 3 Mar 12:00 in 15 h",
        "made up for within",
        "at most 20 a run",
        "prompt: reflect/channel.md.j2",
        "No fire of it is recorded yet.",
    ):
        assert said in text, said


async def test_a_layer_tells_what_became_of_its_fires_and_how_late_they_were(
    web: Web, history: History
) -> None:
    for days, late in ((3, 2), (2, 4), (1, 60)):
        slot = NOON - days * DAY
        recorded = slot + timedelta(seconds=late)
        run = await history.open(slot=slot, due_at=slot, at=recorded)
        await history.start(run, recorded)
        await history.finish(run, RunStatus.SUCCESS, slot + timedelta(seconds=90))
    await history.open(slot=NOON, status=RunStatus.SKIPPED, reason="paused by <ann>")
    page = await web.page("/layers/nightly")
    assert "paused by &lt;ann&gt;" in page
    text = await web.text("/layers/nightly")
    assert "Fires late by 4.0 s in the middle; at worst 1 min" in text
    assert "1 slot skipped (paused by <ann>)" in text


async def test_a_paused_layer_tells_who_why_and_until_when(web: Web) -> None:
    await web.services.scheduler.pause("nightly", by="ann", note="moving", until=NOON + 2 * DAY)
    text = await web.text("/layers/nightly")
    assert "Paused by ann: moving. Since 2 Mar 12:00 , until 4 Mar 12:00" in text
    assert "Next fire in 2 d" in text
    assert "goes by: paused" in text


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("enabled: false\nschedule: 0 3 * * *", "It is disabled in its file: nothing will fire."),
        ("", "It has no schedule: it runs by hand."),
        ("trigger_threshold: 5", "It has no schedule: it runs by hand or by its threshold."),
    ],
)
async def test_a_layer_without_fires_says_why(web: Web, more: str, said: str) -> None:
    web.api.write_layer("quiet", more)
    web.services.loader.load_all()
    assert said in await web.text("/layers/quiet")


async def test_slots_come_in_pages(web: Web, history: History) -> None:
    for day in range(51):
        slot = NOON - day * DAY
        await history.open(slot=slot, at=slot, status=RunStatus.MISSED, reason="down")
    page = await web.page("/layers/nightly/slots")
    assert page.count('<th scope="row">') == 50
    older = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert (await web.page(older)).count('<th scope="row">') == 1
    assert "No fire of it is recorded yet." in await web.text("/layers/user-synthesis/slots")


async def test_an_unknown_layer_is_a_page_with_the_next_step(web: Web) -> None:
    for path in ("/layers/nightyl", "/layers/nightyl/slots", "/layers/nightyl/trigger"):
        answer = await web.http.get(path)
        assert answer.status_code == 404
        assert "Did you mean &#39;nightly&#39;?" in answer.text
