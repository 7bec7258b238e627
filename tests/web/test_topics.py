"""The pages of topics: listed, and one with its curve, its ledger and why it is thought about or not."""

from __future__ import annotations

import pytest
from tests.insights.conftest import ANN, BEN, CAT, SERVER
from tests.web.conftest import Web
from tests.web.known import GARDEN, SCRIPT, Garden, garden

from zos.core.topics import TopicKey
from zos.salience.model import EntryKind

__all__ = ["garden"]


async def test_an_empty_list_says_how_topics_come_about(web: Web) -> None:
    assert "Topics come into being as members who have consented talk." in await web.text("/topics")


async def test_topics_are_listed_narrowed_and_paged_and_nobody_without_consent_is_among_them(
    web: Web, garden: Garden
) -> None:
    page = await web.page("/topics")
    assert f'href="/topics/{GARDEN}"' in page
    assert f"/topics/server:1:dyad:{ANN}:{BEN}" in page
    assert str(CAT) not in page
    assert SCRIPT not in page
    narrowed = await web.page("/topics", category="channel", server_id="")
    assert str(GARDEN) in narrowed
    assert "dyad" not in narrowed.split("<table>")[1]
    for number in range(40):
        await garden.known.topic(TopicKey.channel(SERVER, 100 + number), (EntryKind.MESSAGE, 1))
    older = (await web.page("/topics", category="channel")).split('rel="next"')[0]
    cursor = older.rsplit("before=", 1)[1].split('"')[0]
    last = await web.page("/topics", category="channel", before=cursor)
    assert "Newest" in last
    assert "Older" not in last


@pytest.mark.usefixtures("garden")
async def test_a_topic_is_shown_with_its_curve_its_ledger_and_what_came_of_it(web: Web) -> None:
    page = await web.page(f"/topics/{GARDEN}")
    assert 'aria-label="Salience: at most 7.0, now 5.0"' in page
    assert "2.0 spent" in page
    text = await web.text(f"/topics/{GARDEN}")
    for said in (
        "Nothing stands in its way, and no topic of its kind comes before it.",
        "Spent on a reflection -2.0",
        "A reply +3.0",
        "Seedlings are shared",
        "No run has thought about it yet.",
    ):
        assert said in text
    assert SCRIPT not in page


async def test_the_ledger_is_paged(web: Web, garden: Garden) -> None:
    lively = TopicKey.channel(SERVER, 77)
    entries = [(EntryKind.MESSAGE, float(number)) for number in range(1, 41)]
    await garden.known.topic(lively, *entries)
    first = await web.page(f"/topics/{lively}")
    assert "+40.0" in first
    assert "+15.0" not in first
    cursor = first.rsplit("before=", 1)[1].split("#")[0]
    rest = await web.text(f"/topics/{lively}", before=cursor)
    assert "+15.0" in rest
    assert "+1.0" in rest


async def test_what_stands_in_a_topics_way_is_said(web: Web, garden: Garden) -> None:
    quiet = TopicKey.channel(SERVER, 78)
    await garden.known.topic(quiet, new_material=0)
    text = await web.text(f"/topics/{quiet}")
    assert "Why it is not thought about" in text
    assert "There is no new material since it came into being." in text
    assert "Its ledger is empty." in text


@pytest.mark.usefixtures("garden")
@pytest.mark.parametrize(
    ("key", "status", "said"),
    [
        (f"server:1:user:{CAT}", 403, "has not consented"),
        ("server:1:channel:99", 404, "There is no topic"),
        ("nonsense", 422, "nonsense"),
    ],
)
async def test_a_topic_that_cannot_be_shown_is_refused_in_a_sentence(
    web: Web, key: str, status: int, said: str
) -> None:
    answer = await web.http.get(f"/topics/{key}")
    assert answer.status_code == status
    assert said in answer.text
