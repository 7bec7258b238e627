"""What an operator does to a layer by forms, without JavaScript; and that a viewer cannot."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.web.conftest import Web
from tests.web.conftest import on_sqlite as config

from zos.core.errors import UsageError
from zos.views.jobs import JobStatus
from zos.web.assets import Assets
from zos.web.steering import moment_in, topics_in

__all__ = ["config"]


async def job(web: Web) -> JobStatus:
    return await web.services.jobs.get("nightly", web.clock.now())


async def test_a_layer_is_paused_with_a_note_until_a_time_on_the_readers_clock(web: Web) -> None:
    await web.send("/preferences", zone="Europe/Berlin")
    answer = await web.send("/layers/nightly/pause", note=" moving ", until="2026-03-09T13:00")
    assert answer.url.path == "/layers/nightly"
    assert "nightly is paused until 2026-03-09 13:00." in answer.text
    assert 'value="2026-03-09T13:00"' in answer.text
    paused = (await job(web)).paused
    assert paused is not None
    assert (paused.note, paused.by, paused.until) == (
        "moving",
        "operator",
        datetime(2026, 3, 9, 12, tzinfo=UTC),
    )


async def test_a_layer_is_paused_until_somebody_resumes_it(web: Web) -> None:
    assert "until somebody resumes it" in (await web.send("/layers/nightly/pause")).text
    assert "nightly is resumed." in (await web.send("/layers/nightly/resume")).text
    assert (await job(web)).paused is None


@pytest.mark.parametrize(
    ("until", "said"), [("soon", "is no time"), ("2020-01-01T00:00", "would be over already")]
)
async def test_a_pause_that_cannot_be_says_why_beside_the_form(
    web: Web, until: str, said: str
) -> None:
    answer = await web.send("/layers/nightly/pause", until=until)
    assert answer.url.path == "/layers/nightly"
    assert said in answer.text
    assert 'role="alert"' in answer.text
    assert (await job(web)).paused is None


async def test_a_run_is_asked_for_in_two_steps_and_the_form_sent_twice_is_one_run(web: Web) -> None:
    page = await web.page("/layers/nightly/trigger")
    assert "It may spend $" in page
    key = page.split('name="request_key" value="')[1].split('"')[0]
    first = await web.send("/layers/nightly/trigger", request_key=key)
    again = await web.send("/layers/nightly/trigger", request_key=key)
    assert first.url == again.url
    assert "runs as soon as its turn comes" in first.text
    run_id = first.url.path.rsplit("/", 1)[1]
    assert (await web.services.scheduler.wait(run_id)).reason == "nothing selected"


async def test_a_run_is_called_off_from_its_page(web: Web) -> None:
    run = await web.api.open()
    page = await web.page(f"/runs/{run.id}")
    assert f"/runs/{run.id}/cancel" in web.links(page)
    answer = await web.send(f"/runs/{run.id}/cancel", note=" the wrong topics ")
    assert answer.url.path == f"/runs/{run.id}"
    assert "The run is cancelled. 0 of 0 topics were done, and stay so." in answer.text
    assert "cancelled by operator: the wrong topics" in answer.text
    assert f"/runs/{run.id}/cancel" not in web.links(answer.text)
    again = await web.send(f"/runs/{run.id}/cancel")
    assert "has ended already: cancelled." in again.text
    other = await web.api.open()
    await web.become_viewer()
    assert f"/runs/{other.id}/cancel" not in web.links(await web.page(f"/runs/{other.id}"))
    assert (await web.send(f"/runs/{other.id}/cancel")).status_code == 403


async def test_a_run_may_name_its_topics(web: Web) -> None:
    topics = "server:1:channel:2\n\n server:1:channel:2 \nserver:1:channel:3"
    answer = await web.send("/layers/nightly/trigger", topics=topics)
    run_id = answer.url.path.rsplit("/", 1)[1]
    await web.services.scheduler.wait(run_id)
    detail = await web.services.runs.detail(run_id)
    assert [one.topic for one in detail.targets] == ["server:1:channel:2", "server:1:channel:3"]


async def test_a_topic_that_is_no_key_opens_nothing(web: Web) -> None:
    answer = await web.send("/layers/nightly/trigger", topics="<b>tea</b>")
    assert answer.url.path == "/layers/nightly/trigger"
    assert "&lt;b&gt;tea" in answer.text
    assert (await web.services.runs.page()).items == ()


async def test_a_preview_shows_what_would_be_asked_and_writes_nothing(web: Web) -> None:
    text = await web.text("/layers/nightly/preview", topics="server:1:channel:2")
    assert "Topics chosen 1 of 1 considered" in text
    assert "#2" in text
    assert (await web.services.runs.page()).items == ()
    assert "It would choose no topic now" in await web.text("/layers/nightly/preview")


async def test_a_preview_says_what_would_not_leave(web: Web) -> None:
    assert "withheld" not in await web.text("/layers/nightly/preview")
    path = web.api.layers / "nightly.yaml"
    path.write_text(path.read_text() + "  - {type: output, destination: 'discord:5'}\n")
    web.services.loader.load_all()
    text = await web.text("/layers/nightly/preview")
    assert "What it sends is withheld Zos may not write to the Discord channel 5." in text
    assert "output.discord_channels" in text


async def test_a_viewer_sees_no_forms_and_is_turned_away(web: Web) -> None:
    await web.become_viewer()
    page = await web.page("/layers/nightly")
    assert not {one for one in web.links(page) if one.startswith("/layers/nightly/")} - {
        "/layers/nightly/slots"
    }
    for path in ("/layers/nightly/trigger", "/layers/nightly/preview"):
        answer = await web.http.get(path)
        assert answer.status_code == 403
        assert "Only an operator may see this." in answer.text
    for path in ("trigger", "pause", "resume"):
        assert (await web.send(f"/layers/nightly/{path}")).status_code == 403
    assert (await job(web)).paused is None


async def test_a_disabled_layer_cannot_be_run_and_says_why(web: Web) -> None:
    web.api.write_layer("quiet", "enabled: false")
    web.services.loader.load_all()
    assert "/layers/quiet/trigger" not in web.links(await web.page("/layers/quiet"))
    answer = await web.send("/layers/quiet/trigger")
    assert "is disabled" in answer.text


def test_topics_are_keys_one_a_line() -> None:
    assert topics_in(" a \n\nb\r\na") == ["a", "b"]
    with pytest.raises(UsageError, match="at most 200"):
        topics_in("\n".join(map(str, range(201))))


def test_a_time_is_read_on_the_readers_wall_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert moment_in("", berlin) is None
    assert moment_in("2026-07-01T12:00", berlin) == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert moment_in("2026-07-01T12:00Z", berlin) == datetime(2026, 7, 1, 12, tzinfo=UTC)


async def test_a_form_that_was_refused_stands_in_the_record_as_refused(web: Web) -> None:
    run = await web.api.open()
    for _ in range(2):
        await web.send(f"/runs/{run.id}/cancel")
    await web.send("/layers/nightly/trigger", topics="tea")
    await web.send("/members/7/forget", typed="8")
    rows = (await web.api.access.audit.page()).items
    assert [(row.action, row.status, row.is_done) for row in rows] == [
        ("forget", 422, False),
        ("trigger", 422, False),
        ("cancel_run", 409, False),
        ("cancel_run", 303, True),
    ]


async def test_a_run_that_has_ended_takes_its_form_with_it(web: Web) -> None:
    run = await web.api.open()
    assert '"ended"' not in await web.page(f"/runs/{run.id}")
    ended = await web.send(f"/runs/{run.id}/cancel")
    assert 'id="run" class="ended"' in ended.text
    assert (
        '.ended ~ [aria-labelledby="steer"] { display: none; }'
        in Assets().named("zos.css").content.decode()
    )
