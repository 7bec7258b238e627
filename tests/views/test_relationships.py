"""Who has to do with whom: only pairs who have both consented."""

from __future__ import annotations

import pytest
from tests.insights.conftest import ANN, BEN, CAT, SERVER
from tests.views.known import Known

from zos.config import Config
from zos.core.errors import NotFoundError
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.salience.model import EntryKind
from zos.views.relationships import RelationshipsView

DAN = 104


@pytest.fixture
def view(database: Database, config: Config) -> RelationshipsView:
    return RelationshipsView(database, config)


@pytest.fixture
async def known(database: Database, config: Config) -> Known:
    made = Known(database, config)
    await made.server()
    await made.people((ANN, "Ann"), (BEN, "Ben"), (CAT, "Cat"), (DAN, "Dan"))
    await made.consents(ANN, BEN, CAT)
    for one, other, points in ((ANN, BEN, 40), (BEN, CAT, 8), (ANN, CAT, 80), (ANN, DAN, 60)):
        await made.topic(TopicKey.dyad(one, other, SERVER), (EntryKind.REPLY, points))
    await made.topic(TopicKey.dyad(ANN, BEN), (EntryKind.REPLY, 90))
    await made.topic(TopicKey.dyad(ANN, BEN, 2), (EntryKind.REPLY, 90))
    return made


@pytest.mark.usefixtures("known")
async def test_the_strongest_come_first_and_nobody_without_consent_is_among_them(
    view: RelationshipsView,
) -> None:
    page = await view.page(SERVER, limit=2)
    rest = await view.page(SERVER, limit=2, before=page.next_cursor)
    told = [[one.name for one in tie.people] for tie in page.items + rest.items]
    assert told == [["Ann", "Cat"], ["Ann", "Ben"], ["Ben", "Cat"]]
    assert [tie.strength for tie in page.items] == [1.0, 0.5]
    assert rest.next_cursor is None


@pytest.mark.usefixtures("known")
async def test_a_graph_has_people_by_the_strength_of_their_ties(view: RelationshipsView) -> None:
    graph = await view.graph(SERVER)
    assert (graph.server, graph.has_more, len(graph.ties)) == ("Allotment", False, 3)
    assert [(one.name, round(one.strength, 2)) for one in graph.people] == [
        ("Ann", 1.5),
        ("Cat", 1.1),
        ("Ben", 0.6),
    ]


@pytest.mark.usefixtures("known")
async def test_a_graph_of_some_ties_says_that_there_are_more(view: RelationshipsView) -> None:
    graph = await view.graph(SERVER, ties=1)
    assert (len(graph.ties), graph.has_more) == (1, True)
    assert [one.name for one in graph.people] == ["Ann", "Cat"]


async def test_an_unknown_server_is_a_clear_error(view: RelationshipsView) -> None:
    for question in (view.page, view.graph):
        with pytest.raises(NotFoundError, match="There is no server 7"):
            await question(7)
