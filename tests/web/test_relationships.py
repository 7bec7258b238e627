"""The page of relationships: a picture of few or of many, and the same as a table."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from tests.insights.conftest import ANN, BEN, CAT, SERVER
from tests.web.conftest import Web
from tests.web.known import SCRIPT, Garden, garden

from zos.core.topics import TopicKey
from zos.salience.model import EntryKind

__all__ = ["garden"]


async def test_without_a_server_there_is_nothing_to_show(web: Web) -> None:
    assert "No server has been observed yet." in await web.text("/relationships")


async def test_pairs_who_consented_are_drawn_and_listed_and_nobody_else(
    web: Web, garden: Garden
) -> None:
    page = await web.page("/relationships", server_id="")
    assert page.count(f"/topics/server:1:dyad:{ANN}:{BEN}") == 2
    assert f"person={ANN}" in page
    assert str(CAT) not in page
    assert SCRIPT not in page
    assert "sigma" not in page
    chosen = await web.text("/relationships", person=ANN)
    assert "those of member101 stand out" in chosen
    assert "Ties of member101" in chosen
    await garden.known.server(2, "Elsewhere")
    assert "There are no relationships in Elsewhere yet." in await web.text(
        "/relationships", server_id=2
    )


async def test_many_people_are_drawn_by_the_script_from_what_the_server_laid_out(
    web: Web, garden: Garden
) -> None:
    ids = range(1_000, 1_090)
    await garden.known.people(*((one, f"P{one} '\"{SCRIPT}") for one in ids))
    await garden.known.consents(*ids)
    for number, one in enumerate(ids[1:]):
        await garden.known.topic(
            TopicKey.dyad(1_000, one, SERVER), (EntryKind.REPLY, 1 + number / 9)
        )
    page = await web.page("/relationships", ties=250)
    assert "vendor/sigma/sigma.min.js" in page
    assert SCRIPT not in page
    found = re.search(r"data-graph='([^']+)'", page)
    assert found is not None
    told = json.loads(unescape(found[1]))
    assert (len(told["people"]), len(told["ties"])) == (92, 90)
    assert told["people"][0]["size"] == 12.0
    assert told["ties"][0]["part"] == 1.0
    assert "Older" in page
    assert "<svg" not in page.split('id="content"')[1]


@pytest.mark.usefixtures("garden")
@pytest.mark.parametrize(
    ("query", "status"),
    [("server_id=77", 404), ("ties=0", 422), ("before=x", 422), ("person=x", 422)],
)
async def test_what_cannot_be_shown_is_refused(web: Web, query: str, status: int) -> None:
    assert (await web.http.get(f"/relationships?{query}")).status_code == status
