"""The pages of insights: listed, searched, and one down to the messages."""

from __future__ import annotations

import pytest
from sqlalchemy import insert
from tests.insights.conftest import ANN, BEN, CAT, SERVER
from tests.views.conftest import History
from tests.web.conftest import Web
from tests.web.known import GARDEN, SCRIPT, Garden, garden

from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.tables import dispute
from zos.reflect.states import RunStatus

__all__ = ["garden"]


async def test_an_empty_list_says_so(web: Web) -> None:
    assert "Nothing like this was understood yet." in await web.text("/insights")
    assert "Search" in await web.text("/insights/search")


async def test_insights_are_listed_and_narrowed_and_private_ones_are_not_shown(
    web: Web, garden: Garden
) -> None:
    world = garden.known.world
    await world.learn("a secret", scope=Scope.DM)
    await world.learn("about Cat", named=[CAT])
    other = await world.learn("about Ann", topic=TopicKey.user(ANN, SERVER), layer="other")
    page = await web.page("/insights")
    assert f'href="/insights/{garden.insight_id}"' in page
    assert 'sse-connect="/api/v1/events?mark="' in page
    for hidden in ("a secret", "about Cat", SCRIPT):
        assert hidden not in page
    for query in (
        {"category": "user", "layer": ""},
        {"layer": "other"},
        {"topic": f"server:1:user:{ANN}"},
    ):
        narrowed = await web.page("/insights", **query)
        assert other in narrowed
        assert garden.insight_id not in narrowed


async def test_lists_of_insights_are_paged(web: Web, garden: Garden) -> None:
    first = await garden.known.world.learn("the first")
    stored = [await garden.known.world.learn(f"number {number}") for number in range(30)]
    page = await web.page("/insights")
    assert stored[-1] in page
    assert first not in page
    cursor = page.rsplit("before=", 1)[1].split('"')[0]
    older = await web.page("/insights", before=cursor)
    assert first in older
    assert "sse-connect" not in older


async def test_an_insight_goes_down_to_its_messages_and_hides_who_has_not_consented(
    web: Web, garden: Garden
) -> None:
    page = await web.page(f"/insights/{garden.insight_id}")
    text = await web.text(f"/insights/{garden.insight_id}")
    assert "Rests on 2 messages" in text
    assert "member101 in #c10" in text
    assert "<chat_1> in #c10" in text
    assert "I have some, ask member102" in text
    assert "https://discord.com/channels/1/10/1001" in page
    assert f"member{CAT}" not in page
    assert SCRIPT not in page
    assert f'href="/topics/{GARDEN}"' in page


async def test_an_insight_tells_its_run_what_it_replaced_and_what_is_held_against_it(
    web: Web, garden: Garden
) -> None:
    world = garden.known.world
    run = await History(web.services.database).open(status=RunStatus.QUEUED)
    newer = await world.learn(
        "newer",
        run_id=run.id,
        message_ids=(),
        insight_ids=[garden.insight_id, "unknown"],
        supersedes=garden.insight_id,
        conflicts_with=(garden.insight_id,),
    )
    async with web.services.database.write() as connection:
        row = {"id": "D1", "insight_id": newer, "member_id": BEN, "text": f"Not so! {SCRIPT}"}
        at = {"disputed_at": web.clock.now(), "disputed_by": "member"}
        await connection.execute(insert(dispute).values(**row, **at))
    page, text = await web.page(f"/insights/{newer}"), await web.text(f"/insights/{newer}")
    assert f"Replaces {garden.insight_id}" in text
    assert f"Contradicts {garden.insight_id}" in text
    assert "Not so!" in text
    assert "Rests on what was understood of #c10, from 2 messages" in text
    assert "Rests on an insight that is gone, or may not be shown" in text
    assert f'href="/runs/{run.id}"' in page
    assert SCRIPT not in page
    assert f"Replaced by {newer}" in await web.text(f"/insights/{garden.insight_id}")


@pytest.mark.usefixtures("garden")
async def test_hits_are_shown_with_their_words_marked_and_escaped(web: Web) -> None:
    page = await web.page("/insights/search", q="seedling tomatoes", server_id="")
    text = await web.text("/insights/search", q="seedling tomatoes")
    assert "<mark>Seedlings</mark>" in page
    assert "<mark>tomato</mark> <mark>seedlings</mark> &lt;script&gt;" in page
    assert SCRIPT not in page
    assert "2 hits, best first" in text
    assert "Nothing fits these words." in await web.text("/insights/search", q=SCRIPT[1:6] + "zzz")


async def test_a_way_to_search_that_does_not_exist_is_refused(web: Web) -> None:
    answer = await web.http.get("/insights/search", params={"q": "x", "profile": "best"})
    assert answer.status_code == 422
    assert "There is no search profile" in answer.text


async def test_an_insight_that_may_not_be_shown_is_refused_in_a_sentence(
    web: Web, garden: Garden
) -> None:
    private = await garden.known.world.learn("a secret", scope=Scope.DM)
    for insight_id, status in ((private, 403), ("01NOPE", 404)):
        answer = await web.http.get(f"/insights/{insight_id}")
        assert answer.status_code == status
        assert "a secret" not in answer.text
