"""Routes of what is known and why: topics, salience, insights, relationships and costs."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.conftest import Api
from tests.insights.conftest import ANN, BEN, CAT, CHANNEL, SERVER
from tests.views.known import Known

from zos.core.topics import TopicKey
from zos.salience.model import EntryKind

GARDEN = TopicKey.channel(SERVER, CHANNEL)


@pytest.fixture
async def known(api: Api) -> Known:
    made = Known(api.services.database, api.services.config)
    await made.world.say("tomato seedlings", author=ANN)
    await made.people((BEN, "Ben"), (CAT, "Cat"))
    await made.consents(ANN, BEN)
    await made.topic(GARDEN, (EntryKind.MESSAGE, 2), (EntryKind.REPLY, 3))
    for one, other in ((ANN, BEN), (ANN, CAT)):
        await made.topic(TopicKey.dyad(one, other, SERVER), (EntryKind.REPLY, 8))
    return made


@pytest.mark.usefixtures("known")
async def test_topics_are_listed_and_told(api: Api) -> None:
    first = await api.get("/topics", limit=1)
    rest = await api.get("/topics", limit=5, before=first["next_cursor"])
    told = [one["topic"] for one in first["items"] + rest["items"]]
    assert told == [f"server:1:dyad:{ANN}:{BEN}", str(GARDEN)]
    assert [one["topic"] for one in (await api.get("/topics", category="channel"))["items"]] == [
        str(GARDEN)
    ]
    detail = await api.get(f"/topics/{GARDEN}")
    assert (detail["topic"]["title"], detail["topic"]["salience"]) == ("#c10", 5)
    assert [one["kind"] for one in detail["why"]["entries"]] == ["reply", "message"]


@pytest.mark.usefixtures("known")
async def test_salience_tells_budgets_ledgers_and_reasons(api: Api) -> None:
    groups = await api.get("/salience/groups")
    assert {row["group"] for row in groups["rows"]} >= {"social", "spaces", "self"}
    page = await api.get(f"/salience/topics/{GARDEN}/ledger", limit=1)
    older = await api.get(f"/salience/topics/{GARDEN}/ledger", before=page["next_cursor"])
    assert [row["salience"] for row in page["items"] + older["items"]] == [3, 2]
    why = await api.get(f"/salience/topics/{GARDEN}/why")
    assert (why["reasons"], why["ahead"]) == ([], 0)
    unwilling = await api.get(f"/salience/topics/server:1:user:{CAT}/why")
    assert unwilling["topic"] is None
    assert "has not consented" in unwilling["reasons"][0]


async def test_insights_are_listed_searched_and_told(api: Api, known: Known) -> None:
    insight_id = await known.world.learn("Seedlings are shared", message_ids=[1_001])
    (row,) = (await api.get("/insights", topic=str(GARDEN)))["items"]
    assert row["id"] == insight_id
    assert (await api.get("/insights", category="user"))["items"] == []
    found = (await api.get("/insights/search", q="seedlings"))["items"]
    assert {one["kind"] for one in found} == {"insight", "message"}
    detail = await api.get(f"/insights/{insight_id}")
    message = detail["lines"][0]["messages"][0]
    assert message["text"] == "tomato seedlings"
    assert (message["id"], message["author_id"]) == ("1001", str(ANN))
    assert (message["server_id"], row["server_id"]) == (str(SERVER), str(SERVER))


@pytest.mark.usefixtures("known")
async def test_relationships_are_listed_and_drawn_without_those_who_did_not_consent(
    api: Api,
) -> None:
    (tie,) = (await api.get("/relationships", server_id=SERVER))["items"]
    assert tie["people"] == [{"id": "101", "name": "member101"}, {"id": "102", "name": "Ben"}]
    graph = await api.get("/relationships/graph", server_id=SERVER)
    assert (graph["has_more"], len(graph["people"])) == (False, 2)


async def test_costs_are_summed_and_shown_call_by_call(api: Api) -> None:
    for by in ("day", "model", "profile", "layer", "server"):
        assert (await api.get("/costs", by=by))["total"]["calls"] == 0
    assert (await api.get("/costs/calls", first="2026-03-01", model="m"))["items"] == []


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/topics/nothing", {}, 422),
        ("/topics/server:1:channel:77", {}, 404),
        (f"/topics/server:1:user:{CAT}", {}, 403),
        ("/topics", {"before": "x"}, 422),
        ("/topics", {"before": "1.2.3"}, 422),
        ("/salience/topics/server:1:channel:77/ledger", {}, 404),
        ("/insights/01NOPE", {}, 404),
        ("/insights", {"topic": "nothing"}, 422),
        ("/insights", {"layer": "a\0b"}, 422),
        ("/insights", {"before": "."}, 422),
        ("/insights/search", {"q": ""}, 422),
        ("/insights/search", {"q": "x", "profile": "none"}, 422),
        ("/relationships", {}, 422),
        ("/relationships", {"server_id": 77}, 404),
        ("/relationships/graph", {"server_id": SERVER, "ties": 0}, 422),
        ("/costs", {"by": "mood"}, 422),
        ("/costs/calls", {"first": "0001-01-01"}, 422),
        ("/costs/calls", {"last": "9999-12-31"}, 422),
    ],
)
async def test_what_cannot_be_answered_is_a_problem(
    api: Api, path: str, query: dict[str, Any], status: int
) -> None:
    answer = await api.http.get(path, params=query)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
