"""The schedule: every slot with its outcome and reason, and what an operator can do about it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.views.conftest import NOON, History
from tests.web.conftest import Web
from tests.web.conftest import on_sqlite as config

from zos.reflect.states import RunStatus

__all__ = ["config"]

DAY = timedelta(days=1)


@pytest.mark.parametrize("layout", ["time", "list"])
async def test_every_slot_says_its_outcome_and_reason(
    web: Web, history: History, layout: str
) -> None:
    slot = NOON - 2 * DAY
    run = await history.open(slot=slot, at=slot, status=RunStatus.MISSED, reason="it was <down>")
    page = await web.page("/schedule", layout=layout)
    assert f'href="/runs/{run.id}"' in page
    assert "it was &lt;down&gt;" in page
    assert "missed" in page


async def test_the_coming_fortnight_is_there_in_the_readers_zone(web: Web) -> None:
    await web.send("/preferences", zone="Asia/Tokyo")
    page = await web.page("/schedule")
    assert "nightly, 3 Mar 12:00: coming, At 03:00 every day" in page
    assert "nightly, 16 Mar 12:00: coming" in page
    assert "nightly, 17 Mar 12:00: coming" not in page
    assert "Times are in Asia/Tokyo." in page


async def test_what_a_pause_covers_is_said_to_go_by(web: Web) -> None:
    await web.services.scheduler.pause("nightly", by="ann", note="moving", until=NOON + 2 * DAY)
    page = await web.page("/schedule", layout="list")
    coming = page.partition("Coming, soonest first")[2].partition("</table>")[0]
    of_ours = [row for row in coming.split("<tr>") if "/layers/nightly" in row]
    ours = [row for row in of_ours if ">nightly</a>" in row]
    assert ["will go by" in row for row in ours[:3]] == [True, True, False]
    assert "paused by ann: moving" in ours[0]


async def test_a_list_that_holds_more_leads_to_the_runs(web: Web, history: History) -> None:
    for hour in range(101):
        slot = NOON - timedelta(hours=hour + 1)
        await history.open(slot=slot, at=slot, status=RunStatus.SKIPPED, reason="nothing selected")
    assert "Older ones are among the runs" in await web.page("/schedule", layout="list")
    assert "24 slots: 24 skipped" in await web.page("/schedule")


async def test_earlier_fortnights_are_a_link_away(web: Web, history: History) -> None:
    slot = NOON - 40 * DAY
    run = await history.open(slot=slot, at=slot, status=RunStatus.MISSED, reason="down")
    page = await web.page("/schedule")
    assert "nightly, 21 Jan 12:00: missed, down" not in page
    assert "No fire is recorded in these days" in page
    for around in ("2026-01-21", "2026-02-02"):
        assert f'href="/schedule?day={around}"' in page
    for around in ("2026-01-21", "2026-02-02"):
        page = await web.page("/schedule", day=around)
        assert "nightly, 21 Jan 12:00: missed, down" in page
        assert "nightly, 3 Mar 03:00: coming" not in page
        assert '<a href="/schedule">Today</a>' in page
    listed = await web.page("/schedule", day="2026-01-21", layout="list")
    assert f'href="/runs/{run.id}"' in listed
    assert 'href="/schedule?layout=list&amp;day=2026-02-18"' in listed


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_no_day_is_out_of_reach(web: Web, day: str) -> None:
    assert "Schedule" in await web.page("/schedule", day=day)


async def test_an_operator_can_steer_from_the_schedule_and_a_viewer_cannot(web: Web) -> None:
    await web.services.scheduler.pause("nightly", by="ann")
    page = await web.page("/schedule")
    assert {"/layers/nightly/resume", "/layers/nightly/trigger"} <= web.links(page)
    answer = await web.send("/layers/nightly/resume", back="/schedule")
    assert answer.url.path == "/schedule"
    assert "nightly is resumed." in answer.text
    await web.become_viewer()
    page = await web.page("/schedule")
    assert not {one for one in web.links(page) if one.endswith(("/resume", "/trigger"))}


async def test_every_link_of_the_schedule_goes_somewhere(web: Web, history: History) -> None:
    await history.open(slot=NOON - DAY, status=RunStatus.MISSED, reason="down")
    page = await web.page("/schedule")
    ours = {one for one in web.links(page) if "nightly-" not in one and "synthesis" not in one}
    for path in ours - {"/preferences", "/logout"}:
        assert (await web.http.get(path)).status_code == 200, path
