"""The list of runs, and one run with all that it did."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert
from tests.views.conftest import NOON, History
from tests.views.test_outputs import output_row
from tests.views.test_runs import call_row, insight_row, selection_rows
from tests.web.conftest import Web
from tests.web.conftest import on_sqlite as config

from zos.db.tables import insight, model_call, outbox, selection
from zos.reflect.runs.model import LayerRun
from zos.reflect.states import RunStatus, TargetStatus, Trigger

__all__ = ["config"]

MINUTE = timedelta(minutes=1)


async def test_runs_are_listed_with_what_came_of_them(web: Web, history: History) -> None:
    run = await history.open(status=RunStatus.SKIPPED, reason="paused by <ann>")
    page = await web.page("/runs")
    assert f'<a href="/runs/{run.id}">nightly</a>' in page
    assert "paused by &lt;ann&gt;" in page
    assert "on schedule" in await web.text("/runs")


async def test_a_list_without_runs_says_so(web: Web) -> None:
    assert "No run is like that." in await web.text("/runs")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"due", "down", "by hand"}),
        ({"status": "not-run"}, {"down"}),
        ({"status": "missed"}, {"down"}),
        ({"status": "open", "layer": ""}, {"due", "by hand"}),
        ({"trigger": "manual"}, {"by hand"}),
        ({"layer": "weekly"}, {"down"}),
        ({"since": "2026-03-02T12:01:00Z", "status": ""}, {"by hand"}),
    ],
)
async def test_runs_can_be_narrowed(
    web: Web, history: History, query: dict[str, str], found: set[str]
) -> None:
    await history.open(at=NOON, reason="due")
    await history.open("weekly", at=NOON, status=RunStatus.MISSED, reason="down")
    await history.open(at=NOON + MINUTE, trigger=Trigger.MANUAL, reason="by hand")
    rows = (await web.page("/runs", **query)).partition("<tbody>")[2].partition("</tbody>")[0]
    told = {reason for reason in ("due", "down", "by hand") if f'"under">{reason}<' in rows}
    assert told == found


async def test_a_filter_stays_while_one_turns_the_page(web: Web, history: History) -> None:
    for number in range(51):
        await history.open(at=NOON + number * MINUTE, status=RunStatus.MISSED, reason="down")
    page = await web.page("/runs", status="missed", layer="nightly")
    older = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    assert "layer=nightly" in older
    second = await web.page(older)
    assert second.count('<th scope="row">') == 1
    assert '<a href="/runs?layer=nightly&amp;status=missed">Newest</a>' in second


@pytest.mark.parametrize(
    "query", [{"status": "x"}, {"since": "then"}, {"before": "\x00"}, {"layer": "\x00"}]
)
async def test_what_is_no_filter_is_refused_in_a_sentence(web: Web, query: dict[str, str]) -> None:
    answer = await web.http.get("/runs", params=query)
    assert answer.status_code == 422
    assert "<h1>" in answer.text


async def whole_run(history: History) -> LayerRun:
    run = await history.open(slot=NOON, due_at=NOON)
    await history.start(run, NOON)
    target = await history.target(
        run,
        "self:zos",
        0,
        TargetStatus.SUCCESS,
        started_at=NOON,
        finished_at=NOON + timedelta(seconds=9),
        tokens_in=4_000,
        tokens_out=120,
        cost_microusd=2_100,
    )
    await history.target(run, "user:7", 1, TargetStatus.SKIPPED, reason="the <budget> ended")
    async with history.database.write() as connection:
        await connection.execute(insert(model_call), call_row(run.id, target))
        row = output_row(run.id, last_error="Zos may not.")
        await connection.execute(insert(outbox), row)
        await connection.execute(insert(selection), selection_rows(run.id))
        await connection.execute(insert(insight), insight_row(run.id, target))
    await history.change(run, targets_total=2, targets_done=2)
    await history.finish(run, RunStatus.PARTIAL, NOON + timedelta(seconds=10), "the budget ended")
    return run


async def test_a_run_is_shown_with_all_that_it_did(web: Web, history: History) -> None:
    run = await whole_run(history)
    text = await web.text(f"/runs/{run.id}")
    for said in (
        "The budget ended; 0 insights from 2 topics in 10 s",
        "Took 10 s fired 0.0 s after its time",
        "9.0 s · 4,120 tokens, $0.0021",
        "the <budget> ended",
        "a thought",
        "openai:tiny",
        "1 chosen, 1 passed over: 1 because no new material",
        "discord:5 Zos may not. withheld",
    ):
        assert said in text, said


async def test_a_member_who_has_not_consented_is_not_named_in_a_run(
    web: Web, history: History
) -> None:
    run = await whole_run(history)
    page = await web.page(f"/runs/{run.id}")
    assert "user:7" not in page
    assert "someone" in page


async def test_a_running_run_is_live_and_a_finished_one_is_not(web: Web, history: History) -> None:
    run = await history.open()
    await history.start(run)
    await history.target(run, "self:zos", 0, TargetStatus.RUNNING, started_at=NOON)
    assert "sse-connect" in await web.page(f"/runs/{run.id}")
    await history.finish(run, RunStatus.SUCCESS)
    assert "sse-connect" not in await web.page(f"/runs/{run.id}")


async def test_a_run_that_did_nothing_says_so_in_every_part(web: Web, history: History) -> None:
    run = await history.open(
        status=RunStatus.COALESCED, reason="a later run answers for it", coalesced_into="R" * 26
    )
    text = await web.text(f"/runs/{run.id}")
    for said in (
        "No topic was worked on: a later run answers for it",
        "It left no insight that may be shown.",
        "No model was asked.",
        "It considered no topics.",
    ):
        assert said in text, said
    assert f"/runs/{'R' * 26}" in web.links(await web.page(f"/runs/{run.id}"))


@pytest.mark.parametrize(("run_id", "status"), [("01NOPE", 404), ("%00", 422), ("x" * 27, 422)])
async def test_an_unknown_run_is_a_page_that_says_so(web: Web, run_id: str, status: int) -> None:
    answer = await web.http.get(f"/runs/{run_id}")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
