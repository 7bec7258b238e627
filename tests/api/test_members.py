"""Routes of members' rights."""

from __future__ import annotations

import pytest
from tests.api.conftest import Api
from tests.insights.conftest import ANN, BEN, SERVER, World

from zos.access.principal import Principal, Role, Via
from zos.core.topics import TopicKey


@pytest.fixture
def world(api: Api) -> World:
    return World(api.services.database)


@pytest.fixture
async def about(api: Api, world: World) -> str:
    """An insight about Ann, who has consented; Ben said something, too."""
    await api.post(f"/members/{ANN}/consent", {"state": "granted", "by": "ann"})
    said = await world.say("I grow tomatoes")
    await world.say("So do I", author=BEN)
    return await world.learn(
        "Ann grows tomatoes", topic=TopicKey.user(ANN, SERVER), message_ids=[said]
    )


@pytest.mark.usefixtures("about")
async def test_members_are_listed_page_by_page_and_found_by_their_names(api: Api) -> None:
    first = await api.get("/members", limit=1)
    rest = await api.get("/members", limit=1, before=first["next_cursor"])
    rows = [*first["items"], *rest["items"]]
    assert [(row["id"], row["allowed"]) for row in rows] == [(str(ANN), True), (str(BEN), False)]
    assert rest["next_cursor"] is None
    found = await api.get("/members", q=f"MEMBER{BEN}")
    assert [row["id"] for row in found["items"]] == [str(BEN)]


async def test_the_cursor_may_be_as_long_as_discords_ids(api: Api, world: World) -> None:
    for author in (2**62, 2**62 + 1):
        await world.say("hello", author=author)
    first = await api.get("/members", limit=1)
    second = await api.get("/members", limit=1, before=first["next_cursor"])
    assert [row["id"] for row in second["items"]] == [str(2**62 + 1)]


async def test_all_that_is_known_is_told_and_exported(api: Api, about: str) -> None:
    known = await api.get(f"/members/{ANN}")
    assert [one["id"] for one in known["insights"]] == [about]
    assert known["insights"][0]["lines"][0]["messages"][0]["text"] == "I grow tomatoes"
    answer = await api.http.get(f"/members/{ANN}/export")
    assert answer.headers["content-type"] == "application/json"
    assert f"zos-member-{ANN}.json" in answer.headers["content-disposition"]
    assert [one["text"] for one in answer.json()["messages"]] == ["I grow tomatoes"]


async def test_an_export_is_recorded_also_when_it_is_refused(api: Api, about: str) -> None:
    assert about
    for member_id in (ANN, 999):
        await api.http.get(f"/members/{member_id}/export")
    await api.get(f"/members/{ANN}")
    page = await api.get("/audit")
    assert [(one["origin"], one["action"], one["status"]) for one in page["items"]] == [
        ("http", "export", 404),
        ("http", "export", 200),
        ("http", "consent", 200),
    ]
    assert page["items"][1]["target"] == f"/api/v1/members/{ANN}/export"


async def test_a_stranger_is_not_known_nor_exported(api: Api) -> None:
    for path in ("", "/export", "/erasure"):
        answer = await api.http.get(f"/members/999{path}")
        assert (answer.status_code, answer.headers["content-type"]) == (
            404,
            "application/problem+json",
        )


async def test_a_no_hides_at_once_what_a_member_is_in(api: Api, about: str) -> None:
    change = await api.post(f"/members/{ANN}/consent", {"state": "denied", "by": "ann"})
    assert (change["quarantined"], change["standing"]["allowed"]) == (1, False)
    assert (await api.http.get(f"/insights/{about}")).status_code == 403


async def test_a_dispute_is_recorded(api: Api, about: str) -> None:
    asked = {"insight_id": about, "text": "Not any\x00more.", "by": "ann"}
    made = await api.post(f"/members/{ANN}/disputes", asked)
    assert (made["text"], made["member_id"], made["disputed_by"]) == (
        "Not anymore.",
        str(ANN),
        "ann",
    )
    answer = await api.http.post(f"/members/{BEN}/disputes", json=asked)
    assert answer.status_code == 404
    too_long = await api.http.post(f"/members/{ANN}/disputes", json={**asked, "text": "x" * 1_001})
    assert (too_long.status_code, too_long.json()["type"]) == (422, "urn:zos:problem:usage")


async def test_an_erasure_is_answered_with_its_tombstone_and_then_carried_out(
    api: Api, about: str
) -> None:
    answer = await api.http.post(f"/members/{ANN}/forget", json={"by": "ann"})
    assert (answer.status_code, answer.json()["completed_at"]) == (202, None)
    assert answer.headers["location"] == f"/api/v1/members/{ANN}/erasure"
    assert api.services.members.asked.is_set()
    assert (await api.http.get(f"/insights/{about}")).status_code == 403
    assert await api.services.members.finish_erasures() == 1
    receipt = await api.get(f"/members/{ANN}/erasure")
    assert receipt["receipt"]["messages"] == 1
    assert (await api.post(f"/members/{ANN}/forget"))["completed_at"] == receipt["completed_at"]
    refused = await api.http.post(f"/members/{ANN}/consent", json={"state": "granted"})
    assert refused.status_code == 403


@pytest.mark.usefixtures("about")
async def test_a_viewer_sees_nobody(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = Principal("eve", Role.VIEWER, Via.KEY)
    monkeypatch.setattr("zos.access.identity.OPERATOR", viewer)
    for path in ("", f"/{ANN}", f"/{ANN}/export", f"/{ANN}/erasure"):
        answer = await api.http.get(f"/members{path}")
        assert answer.status_code == 403
        assert "tomatoes" not in answer.text
