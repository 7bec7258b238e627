"""Topics as they are shown: listed by what they hold, and nobody named who may not be."""

from __future__ import annotations

import pytest
from sqlalchemy import insert
from tests.insights.conftest import ANN, BEN, CAT, CHANNEL, NOON, SERVER
from tests.views.conftest import History
from tests.views.known import Known

from zos.config import Config
from zos.core.consent import ConsentState
from zos.core.errors import ConsentError, NotFoundError, UsageError
from zos.core.topics import TopicCategory, TopicKey
from zos.db.engine import Database
from zos.db.tables import selection
from zos.reflect.states import RunStatus, TargetStatus
from zos.salience.model import EntryKind
from zos.views.topics import TopicRow, TopicsView

GARDEN = TopicKey.channel(SERVER, CHANNEL)
MESSAGE, SPENT, RESET = EntryKind.MESSAGE, EntryKind.SPENT, EntryKind.RESET


@pytest.fixture
def known(database: Database, config: Config) -> Known:
    return Known(database, config)


@pytest.fixture
def view(database: Database, config: Config) -> TopicsView:
    return TopicsView(database, config)


class TestPages:
    async def test_a_topic_is_listed_with_its_name_and_what_it_can_hold(
        self, known: Known, view: TopicsView
    ) -> None:
        await known.world.say("hello")
        await known.topic(GARDEN, (MESSAGE, 3.5))
        (row,) = (await view.page()).items
        assert (row.topic, row.title, row.category, row.group) == (
            str(GARDEN),
            "#c10",
            "channel",
            "spaces",
        )
        assert (row.salience, row.cap, row.server_id) == (3.5, 150.0, SERVER)

    async def test_those_with_most_salience_come_first_and_pages_go_on_behind_them(
        self, known: Known, view: TopicsView
    ) -> None:
        for number, points in enumerate((1, 5, 3, 3, 0)):
            await known.topic(TopicKey.channel(SERVER, 10 + number), (MESSAGE, points))
        seen: list[TopicRow] = []
        page = await view.page(limit=2)
        while page.next_cursor is not None:
            seen += page.items
            page = await view.page(limit=2, before=page.next_cursor)
        seen += page.items
        assert [row.topic[-2:] for row in seen] == ["11", "12", "13", "10", "14"]

    async def test_a_list_can_be_narrowed_to_a_kind_and_a_server(
        self, known: Known, view: TopicsView
    ) -> None:
        await known.consents(ANN)
        for key in (GARDEN, TopicKey.channel(2, 20), TopicKey.user(ANN, SERVER)):
            await known.topic(key, (MESSAGE, 1))
        channels = await view.page(category=TopicCategory.CHANNEL)
        here = await view.page(server_id=SERVER)
        both = await view.page(category=TopicCategory.CHANNEL, server_id=2)
        assert {row.topic for row in channels.items} == {
            "server:1:channel:10",
            "server:2:channel:20",
        }
        assert {row.topic for row in here.items} == {"server:1:channel:10", "server:1:user:101"}
        assert [row.topic for row in both.items] == ["server:2:channel:20"]

    async def test_topics_about_members_without_consent_are_not_listed(
        self, known: Known, view: TopicsView
    ) -> None:
        await known.consents(ANN, BEN)
        keys = [
            TopicKey.user(ANN, SERVER),
            TopicKey.dyad(ANN, BEN, SERVER),
            TopicKey.user(CAT, SERVER),
            TopicKey.dyad(ANN, CAT),
            TopicKey.user_in_channel(SERVER, CHANNEL, CAT),
        ]
        for key in keys:
            await known.topic(key, (MESSAGE, 1))
        assert {row.topic for row in (await view.page()).items} == set(map(str, keys[:2]))
        await known.consents(BEN, state=ConsentState.DENIED)
        assert {row.topic for row in (await view.page()).items} == {str(keys[0])}

    @pytest.mark.parametrize("cursor", ["x", "1", "1.2.3", "1.-2", "1.", "9" * 30 + ".1"])
    async def test_a_wrong_cursor_is_a_clear_error(self, view: TopicsView, cursor: str) -> None:
        with pytest.raises(UsageError, match="is no cursor of this list"):
            await view.page(before=cursor)


class TestDetail:
    async def test_a_topic_is_told_with_its_ledger_its_decisions_and_its_runs(
        self, known: Known, view: TopicsView, history: History
    ) -> None:
        run = await history.open()
        await history.target(
            run,
            str(GARDEN),
            0,
            TargetStatus.SUCCESS,
            tokens_in=900,
            tokens_out=100,
            salience_spent=1_000_000,
            insights_created=1,
        )
        async with known.database.write() as connection:
            await connection.execute(
                insert(selection).values(
                    run_id=run.id,
                    topic_key=str(GARDEN),
                    position=0,
                    balance=3_000_000,
                    chosen=True,
                    reason="chosen",
                )
            )
        await known.topic(GARDEN, (MESSAGE, 3), (SPENT, -1), (RESET, -2), run_id=run.id)
        found = await view.detail(GARDEN)
        assert found.topic.salience == 0
        assert [(one.kind, one.salience, one.run_id) for one in found.why.entries] == [
            (RESET, -2.0, run.id),
            (SPENT, -1.0, run.id),
            (MESSAGE, 3.0, None),
        ]
        assert found.why.reasons == ("it holds no salience",)
        (decision,) = found.why.selections
        assert (decision.run_id, decision.salience, decision.chosen) == (run.id, 3.0, True)
        (told,) = found.runs
        assert (told.run_id, told.layer, told.tokens, told.salience_spent) == (
            run.id,
            "nightly",
            1_000,
            1.0,
        )
        assert run.status is RunStatus.QUEUED

    async def test_a_topic_that_is_not_there_says_why(self, view: TopicsView) -> None:
        with pytest.raises(NotFoundError, match="nothing that earns salience"):
            await view.detail(GARDEN)
        with pytest.raises(NotFoundError):
            await view.ledger(GARDEN)

    async def test_a_topic_about_a_member_without_consent_is_refused(
        self, known: Known, view: TopicsView
    ) -> None:
        about_cat = TopicKey.user(CAT, SERVER)
        await known.topic(about_cat, (MESSAGE, 1))
        for question in (view.detail, view.ledger):
            with pytest.raises(ConsentError):
                await question(about_cat)
        why = await view.why(about_cat)
        assert why.reasons == ("a member whom it is about has not consented",)
        assert (why.topic, why.entries, why.selections) == (None, (), ())

    async def test_a_ledger_comes_in_pages_newest_first(
        self, known: Known, view: TopicsView
    ) -> None:
        await known.topic(GARDEN, *[(MESSAGE, float(number)) for number in range(1, 6)])
        first = await view.ledger(GARDEN, limit=3)
        assert first.next_cursor is not None
        second = await view.ledger(GARDEN, limit=3, before=int(first.next_cursor))
        assert [row.salience for row in first.items + second.items] == [5, 4, 3, 2, 1]
        assert second.next_cursor is None
        assert (await view.ledger(GARDEN, before=0)).items == ()
        assert NOON <= first.items[-1].at <= first.items[0].at
