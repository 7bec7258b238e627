"""Routes of runs."""

from __future__ import annotations

from tests.api.conftest import Api
from tests.insights.conftest import ANN, CAT, NOON, SERVER
from tests.views.conftest import History
from tests.views.known import Known

from zos.access.login.store import Grant
from zos.access.principal import Role
from zos.core.topics import TopicKey
from zos.prompts.labels import SOMEONE
from zos.reflect.states import RunStatus, TargetStatus
from zos.salience.selector import Considered, Selected


async def test_runs_come_in_pages(api: Api) -> None:
    opened = [(await api.open()).id for _ in range(3)]
    first = await api.get("/runs", limit=2)
    second = await api.get("/runs", limit=2, before=first["next_cursor"])
    assert [run["id"] for run in first["items"] + second["items"]] == opened[::-1]


async def test_runs_can_be_narrowed_by_layer_and_states(api: Api) -> None:
    queued = await api.open()
    missed = await api.open(status=RunStatus.MISSED)
    await api.open("other", status=RunStatus.SKIPPED)
    found = await api.get("/runs", layer="nightly", status=["missed", "queued"])
    assert [run["id"] for run in found["items"]] == [missed.id, queued.id]
    assert (await api.http.get("/runs", params={"status": "lost"})).status_code == 422


async def test_an_unknown_run_is_a_problem(api: Api) -> None:
    answer = await api.http.get("/runs/01NOPE")
    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no run 01NOPE."
    assert (await api.http.get(f"/runs/{'0' * 27}")).status_code == 422


async def test_a_run_is_shown_with_all_its_parts(api: Api) -> None:
    run = await api.open()
    detail = await api.get(f"/runs/{run.id}")
    assert detail["run"]["id"] == run.id
    assert {"targets", "targets_by_status", "calls", "calls_total", "selection", "insights"} < set(
        detail
    )


async def test_viewers_are_not_told_who_it_was_about_unless_they_consented(api: Api) -> None:
    known, history = (
        Known(api.services.database, api.services.config),
        History(api.services.database),
    )
    said = [await known.world.say("tomato seedlings", author=one) for one in (ANN, CAT)]
    await known.consents(ANN)
    run = await api.open()
    topics = [str(TopicKey.user(one, SERVER)) for one in (ANN, CAT)]
    for position, topic in enumerate(topics):
        await history.target(run, topic, position, TargetStatus.SUCCESS)
        key = TopicKey.parse(topic)
        await known.world.learn("They garden", topic=key, message_ids=said, run_id=run.id)
    await api.services.executor.targets.plan(run.id, considered(topics), now=NOON)
    secret, _ = await api.access.keys.make(Grant("vera", Role.VIEWER), None)
    headers = {"Authorization": f"Bearer {secret}"}
    path = f"/runs/{run.id}"
    for read, told in (
        (await api.http.get(path), topics),
        (await api.http.get(path, headers=headers), [topics[0], SOMEONE]),
    ):
        detail = read.json()
        for part in ("targets", "selection"):
            assert [one["topic"] for one in detail[part]] == told, part
        insights = [one["topic"] for one in detail["insights"]]
        assert insights == [one for one in told if one != SOMEONE]
        assert (str(CAT) in read.text) is (SOMEONE not in told)


def considered(topics: list[str]) -> Selected:
    rows = tuple(Considered(TopicKey.parse(one), 0, chosen=True, reason="chosen") for one in topics)
    return Selected((), rows, "")


async def test_a_run_is_called_off_once(api: Api) -> None:
    run = await api.open()
    ended = await api.post(f"/runs/{run.id}/cancel", {"note": "the wrong topics"})
    assert (ended["status"], ended["reason"]) == (
        "cancelled",
        "cancelled by operator: the wrong topics",
    )
    again = await api.http.post(f"/runs/{run.id}/cancel", json={"by": "ann"})
    assert (again.status_code, again.json()["type"]) == (409, "urn:zos:problem:ended")
    assert (await api.http.post("/runs/01NOPE/cancel")).status_code == 404
    (row,) = (await api.access.audit.page(limit=3)).items[2:]
    assert (row.action, row.status) == ("cancel_run", 200)


async def test_a_viewer_calls_nothing_off(api: Api) -> None:
    run = await api.open()
    secret, _ = await api.access.keys.make(Grant("vera", Role.VIEWER), None)
    headers = {"Authorization": f"Bearer {secret}"}
    answer = await api.http.post(f"/runs/{run.id}/cancel", headers=headers)
    assert answer.status_code == 403
    assert (await api.get(f"/runs/{run.id}"))["run"]["status"] == "queued"
