"""The pages of members: what an operator sees and does for them; and that a viewer sees nobody."""

from __future__ import annotations

import pytest
from tests.insights.conftest import ANN, BEN, SERVER, World
from tests.web.conftest import Web
from tests.web.conftest import on_sqlite as config

from zos.core.consent import ConsentState
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.insights.model import InsightStatus

__all__ = ["config"]

SCRIPT = "<script>alert(1)</script>"
PRIVATE = "petrichor"
HERE = f"/members/{ANN}"


@pytest.fixture
async def about(web: Web) -> str:
    """An insight about Ann, who has consented and said something in public and in private."""
    world = World(web.services.database)
    await web.services.members.set_consent(ANN, ConsentState.GRANTED, "member")
    said = await world.say(f"I grow beans {SCRIPT}")
    other = await world.say("So do I", author=BEN)
    told = await world.say(PRIVATE, channel_id=77, server_id=None, scope=Scope.DM)
    topic = TopicKey.user(ANN, SERVER)
    await world.learn(PRIVATE, topic=TopicKey.user(ANN), message_ids=[told], scope=Scope.DM)
    pair = TopicKey.dyad(ANN, BEN, SERVER)
    await world.learn("They share", topic=pair, message_ids=[other])
    return await world.learn(f"Ann grows beans {SCRIPT}", topic=topic, message_ids=[said, other, 5])


async def test_an_empty_list_says_how_members_appear(web: Web) -> None:
    text = await web.text("/members")
    assert "Members appear as they write, or as archives are imported." in text
    assert "Who says nothing is not thought about." in text


async def test_members_are_listed_searched_and_paged(web: Web) -> None:
    world = World(web.services.database)
    for author in (ANN, BEN):
        await world.say("hello", author=author)
    page = await web.page("/members")
    assert f'href="{HERE}"' in page
    assert f'href="/members/{BEN}"' in page
    found = await web.page("/members", q=f"MEMBER{BEN}")
    assert HERE not in found
    assert "Nobody of that name was seen." in await web.text("/members", q="zzz")
    for number in range(60):
        await world.say("hello", author=2**62 + number)
    first = await web.page("/members")
    cursor = first.split('rel="next"')[0].rsplit("before=", 1)[1].split('"')[0]
    rest = await web.page("/members", before=cursor)
    assert f"/members/{2**62 + 59}" in rest
    assert "Newest" in rest


@pytest.mark.usefixtures("about")
async def test_all_that_is_known_is_shown_escaped_and_without_private_words(web: Web) -> None:
    page, text = await web.page(HERE), await web.text(HERE)
    assert SCRIPT not in page
    assert PRIVATE not in page
    for said in (
        "They may be thought about: they said yes",
        "2, 1 of them in private",
        "Not shown: It rests on direct messages.",
        "Not shown: Somebody else in it has not consented.",
        "Ann grows beans",
        f"I grow beans {SCRIPT}",
        "1 message behind it is gone.",
    ):
        assert said in text, said
    assert "So do I" not in page
    assert f"https://discord.com/channels/{SERVER}/" in page
    export = await web.http.get(f"/api/v1/members/{ANN}/export")
    assert f'href="{export.request.url.path}"' in page
    assert PRIVATE in export.text, "it is for the member"


async def test_older_insights_are_on_pages_behind(web: Web) -> None:
    world, topic = World(web.services.database), TopicKey.user(ANN, SERVER)
    await web.services.members.set_consent(ANN, ConsentState.GRANTED, "member")
    told = [await world.learn("Ann", topic=topic, message_ids=[5]) for _ in range(11)]
    first = await web.page(HERE)
    assert f'href="{HERE}?before={told[1]}" rel="next">Older' in first
    assert "The newest 10 of 11" in first
    assert f"/insights/{told[0]}" not in first
    older = await web.page(f"{HERE}?before={told[1]}")
    assert "Older ones: 1 of 11" in older
    assert f"/insights/{told[0]}" in older
    assert f'href="{HERE}">Newest' in older


async def test_what_a_member_says_is_recorded_and_takes_effect(web: Web, about: str) -> None:
    said = await web.send(f"{HERE}/consent", state="denied")
    assert said.url.path == HERE
    assert "They may not be thought about. Out of sight: 3 insights." in said.text
    assert f"/insights/{about}" not in said.text
    again = await web.send(f"{HERE}/consent", state="granted")
    assert "They may be thought about. Shown again: 2 insights." in again.text
    standing = await web.services.members.standing(ANN)
    assert standing.recorded_by == "operator"
    assert (await web.send(f"{HERE}/consent", state="perhaps")).status_code == 422


async def test_a_dispute_is_recorded_or_says_why_not(web: Web, about: str) -> None:
    done = await web.send(f"{HERE}/dispute", insight_id=about, text="Not any more.")
    assert "It is under review" in done.text
    assert "Not any more." in await web.text(HERE)
    known = await web.services.members.known(ANN)
    statuses = {one.id: one.status for one in known.insights}
    assert statuses[about] is InsightStatus.REVIEW
    wrong = await web.send(f"{HERE}/dispute", insight_id=about, text=" ")
    assert "A dispute has 1 to 1,000 characters." in wrong.text


@pytest.mark.usefixtures("about")
async def test_an_erasure_wants_the_id_typed(web: Web) -> None:
    for typed in ("", "yes", str(BEN)):
        assert "Nothing was erased." in (await web.send(f"{HERE}/forget", typed=typed)).text
    done = await web.send(f"{HERE}/forget", typed=f" {ANN} ")
    assert "Being erased" in done.text
    assert "Erase member" not in done.text
    assert await web.services.members.finish_erasures() == 1
    text = await web.text(HERE)
    assert "Nothing of theirs comes in again." in text
    assert "Messages 2" in text
    refused = await web.send(f"{HERE}/consent", state="granted")
    assert "was erased" in refused.text


async def test_nobody_knows_a_stranger(web: Web) -> None:
    answer = await web.http.get("/members/999")
    assert (answer.status_code, "Nothing is known about member 999." in answer.text) == (404, True)


@pytest.mark.usefixtures("about")
async def test_a_viewer_sees_nobody_and_changes_nothing(web: Web) -> None:
    await web.become_viewer()
    assert 'href="/members"' not in await web.page("/")
    for path in ("/members", HERE):
        answer = await web.http.get(path)
        assert answer.status_code == 403
        assert "beans" not in answer.text
    answer = await web.send(f"{HERE}/forget", typed=str(ANN))
    assert answer.status_code == 403
    assert (await web.services.members.known(ANN)).erasure is None
