"""The first page: at a glance, and from each figure to the rows behind it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert
from tests.views.conftest import NOON, History
from tests.views.test_runs import insight_row
from tests.web.conftest import Web
from tests.web.conftest import on_sqlite as config

from zos.db.tables import insight
from zos.reflect.states import RunStatus
from zos.web.overview import day_in_words

__all__ = ["config"]

HOUR = timedelta(hours=1)


async def test_the_overview_of_a_new_service_says_what_will_come(web: Web) -> None:
    text = await web.text("/")
    assert "Next fire in 15 h nightly" in text
    assert "Nothing has run yet." in text
    assert "Nothing has been understood yet" in text
    assert "Discord Off no token is set" in text
    assert "1 thing deserves a look." in text
    assert "The scheduler does not run" in text


async def test_the_overview_tells_what_ran_and_how_it_ended(web: Web, history: History) -> None:
    run = await history.open(slot=NOON - HOUR, at=NOON - HOUR)
    await history.start(run, NOON - HOUR)
    await history.finish(run, RunStatus.FAILED, NOON - HOUR, "the <model> did not answer")
    await history.open("weekly", at=NOON - 2 * HOUR, status=RunStatus.MISSED, reason="down")
    await history.open("weekly", at=NOON - 30 * HOUR, status=RunStatus.MISSED, reason="down")
    page = await web.page("/")
    text = await web.text("/")
    assert "Last 24 hours 1 run 1 with failures, 1 did not run" in text
    assert "the &lt;model&gt; did not answer" in page
    assert f"/runs/{run.id}" in web.links(page)
    assert "/runs?since=2026-03-01T12%3A00%3A00%2B00%3A00" in page


async def test_what_needs_attention_leads_to_its_layer(web: Web) -> None:
    await web.services.scheduler.pause("nightly", by="ann", note="<b>moving</b>")
    page = await web.page("/")
    assert '<a href="/layers/nightly">nightly</a> is paused by ann: &lt;b&gt;moving' in page
    assert "nightly</a> <span" not in page.split("Next fires")[1].split("</section>")[0]


async def test_insights_are_shown_as_text(web: Web, history: History) -> None:
    run = await history.open()
    target = "T" * 26
    async with web.services.database.write() as connection:
        row = {**insight_row(run.id, target), "content": "<script>alert(1)</script>"}
        await connection.execute(insert(insight), row)
    page = await web.page("/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


async def test_every_link_of_the_overview_goes_somewhere(web: Web, history: History) -> None:
    await history.open(status=RunStatus.MISSED, reason="down")
    page = await web.page("/")
    for path in web.links(page) - {"/preferences"}:
        assert (await web.http.get(path)).status_code == 200, path


def test_a_day_is_told_by_how_many_ran_and_how_many_did_not() -> None:
    assert day_in_words({}) == ("0 runs", "")
    assert day_in_words({RunStatus.SUCCESS: 3, RunStatus.DRY: 1}) == ("4 runs", "all went well")
    mixed = {RunStatus.PARTIAL: 1, RunStatus.SUCCESS: 1, RunStatus.SKIPPED: 2}
    assert day_in_words(mixed) == ("2 runs", "1 with failures, 2 did not run")
