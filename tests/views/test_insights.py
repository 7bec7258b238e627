"""Insights as they are shown: down to the messages, and nobody named who may not be."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import update
from tests.insights.conftest import ANN, BEN, CAT, CHANNEL, NOON, SERVER, World
from tests.views.conftest import History

from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.consent import ConsentState
from zos.core.errors import ConsentError, NotFoundError, UsageError
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import insight
from zos.insights.model import (
    InsightDraft,
    InsightFilter,
    InsightLine,
    InsightStatus,
    Method,
    Valence,
)
from zos.reflect.states import Trigger
from zos.views.insight_rows import MessageRow
from zos.views.insights import MAX_MESSAGES_BEHIND, InsightsView
from zos.views.page import Page

ANYTHING = InsightFilter()


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


@pytest.fixture
def view(database: Database, config: Config) -> InsightsView:
    return InsightsView(database, config)


@pytest.fixture(autouse=True)
async def ann_consents(database: Database, config: Config) -> None:
    await ConsentStore(database, config).record(ANN, ConsentState.GRANTED, NOON, "operator")


def text_of(shown: object) -> str:
    """Everything that a program would be told, as text."""
    return json.dumps(asdict(shown), default=str)  # type: ignore[call-overload]


class TestPages:
    async def test_an_insight_is_listed_with_its_topics_title(
        self, world: World, view: InsightsView
    ) -> None:
        await world.say("hello")
        insight_id = await world.learn("Ann says hello", topic=TopicKey.user(ANN, SERVER))
        (row,) = (await view.page(ANYTHING)).items
        assert (row.id, row.topic, row.title) == (insight_id, "server:1:user:101", "member101")
        assert (row.content, row.layer, row.server_id) == ("Ann says hello", "nightly", SERVER)
        assert (row.status, row.scope, row.method) == ("active", "public", "extractive")
        assert row.valence is None

    async def test_pages_go_on_where_the_last_one_ended(
        self, world: World, view: InsightsView
    ) -> None:
        stored = [await world.learn(f"number {number}") for number in range(5)]
        seen: list[str] = []
        page = await view.page(ANYTHING, limit=2)
        while page.next_cursor is not None:
            seen += [row.id for row in page.items]
            await world.learn("meanwhile")
            page = await view.page(ANYTHING, limit=2, before=page.next_cursor)
        assert seen + [row.id for row in page.items] == stored[::-1]

    async def test_filters_are_passed_on(self, world: World, view: InsightsView) -> None:
        await world.learn("old", at=NOON - timedelta(days=9))
        new = await world.learn("new", layer="other")
        for which in (InsightFilter(layer="other"), InsightFilter(since=NOON)):
            assert [row.id for row in (await view.page(which)).items] == [new]
        empty = InsightFilter(status=InsightStatus.REVIEW)
        assert await view.page(empty) == Page((), None)

    @pytest.mark.parametrize("cursor", ["x", "-1", "", "1.5", "٣", "9" * 30])
    async def test_a_wrong_cursor_is_a_clear_error(self, view: InsightsView, cursor: str) -> None:
        with pytest.raises(UsageError, match="is no cursor of this list"):
            await view.page(ANYTHING, before=cursor)

    async def test_insights_with_members_without_consent_are_not_listed(
        self, world: World, view: InsightsView
    ) -> None:
        await world.learn("Ben", topic=TopicKey.user(BEN, SERVER))
        await world.learn("names Ben", named=[ANN, BEN])
        await world.learn("private", scope=Scope.DM)
        shown = await world.learn("names Ann", named=[ANN])
        assert [row.id for row in (await view.page(ANYTHING)).items] == [shown]

    async def test_what_is_under_quarantine_is_not_shown_whatever_is_asked_for(
        self, world: World, view: InsightsView, database: Database
    ) -> None:
        insight_id = await world.learn("hush", named=[ANN])
        above = await world.learn("above", message_ids=(), insight_ids=[insight_id])
        async with database.write() as connection:
            hidden = update(insight).where(insight.c.id == insight_id)
            await connection.execute(hidden.values(status=InsightStatus.QUARANTINED.value))
        assert [row.id for row in (await view.page(ANYTHING)).items] == [above]
        quarantined = InsightFilter(status=InsightStatus.QUARANTINED)
        assert (await view.page(quarantined)).items == ()
        with pytest.raises(ConsentError, match="under quarantine"):
            await view.detail(insight_id)
        (line,) = (await view.detail(above)).lines
        assert [one.content for one in line.insights] == [None]


class TestDetail:
    async def test_each_line_goes_down_to_its_own_messages(
        self, world: World, view: InsightsView
    ) -> None:
        tea = await world.say("I like tea")
        milk = await world.say("milk, @member102?", author=BEN)
        draft = InsightDraft(
            topic=TopicKey.channel(SERVER, CHANNEL),
            lines=(InsightLine("on tea", (tea,)), InsightLine("on milk", (milk, tea))),
            method=Method.MODEL,
            confidence=0.5,
            importance=0.5,
            novelty=0.5,
            scope=Scope.PUBLIC,
            valence={Valence.JOY: 0.2, Valence.PEACE: 0.7},
            open_questions=("Why?",),
        )
        found = await view.detail(await world.store(draft))

        assert [(line.text, [one.text for one in line.messages]) for line in found.lines] == [
            ("on tea", ["I like tea"]),
            ("on milk", ["I like tea", "milk, <chat_1>?"]),
        ]
        first, second = found.lines[1].messages
        assert (first.author, first.author_id) == ("member101", ANN)
        assert (second.author, second.author_id) == ("<chat_1>", None)
        assert (second.id, second.channel, second.channel_id) == (milk, "c10", CHANNEL)
        assert second.at == NOON - timedelta(days=1) + timedelta(minutes=2)
        assert found.insight.title == "#c10"
        assert found.insight.valence == {"peace": 0.7, "joy": 0.2}
        assert found.insight.open_questions == ("Why?",)

    async def test_members_without_consent_are_numbered_as_they_appear_and_never_named(
        self, world: World, view: InsightsView
    ) -> None:
        later = await world.say(f"<@{CAT}> and member102 know", author=CAT)
        sooner = await world.say("me first", author=BEN, at=NOON - timedelta(days=3))
        found = await view.detail(await world.learn("a line", message_ids=[later, sooner]))

        messages = found.lines[0].messages
        assert [one.author for one in messages] == ["<chat_1>", "<chat_2>"]
        assert messages[1].text == "@<chat_2> and <chat_1> know"
        for hidden in (str(BEN), str(CAT)):
            assert hidden not in text_of(found)

    async def test_a_bot_is_named(self, world: World, view: InsightsView) -> None:
        said = await world.say("beep", author=999, is_bot=True)
        (line,) = (await view.detail(await world.learn("a line", message_ids=[said]))).lines
        assert (line.messages[0].author, line.messages[0].author_id) == ("member999", 999)

    async def test_a_deleted_message_is_said_to_be_gone(
        self, world: World, view: InsightsView
    ) -> None:
        kept, gone = await world.say("kept"), await world.say("gone")
        insight_id = await world.learn("a line", message_ids=[kept, gone])
        await world.forget(gone)
        (line,) = (await view.detail(insight_id)).lines
        assert [one.id for one in line.messages] == [kept]
        assert line.gone_message_ids == (gone,)

    async def test_source_insights_go_down_to_the_messages_they_rest_on_in_the_end(
        self, world: World, view: InsightsView
    ) -> None:
        said = [await world.say(f"number {number}") for number in range(60)]
        low = await world.learn("low", message_ids=said)
        middle = await world.learn("middle", message_ids=(), insight_ids=[low])
        high = await world.learn("high", message_ids=(), insight_ids=[middle, "unknown"])

        (line,) = (await view.detail(high)).lines
        source, unknown = line.insights
        assert (source.id, source.title, source.content) == (middle, "#c10", "middle")
        assert [one.id for one in source.messages] == said[-MAX_MESSAGES_BEHIND:]
        assert (unknown.content, unknown.topic, unknown.messages) == (None, None, ())

    async def test_a_source_that_may_not_be_shown_is_an_id_alone(
        self, world: World, view: InsightsView
    ) -> None:
        said = await world.say("secret", author=BEN)
        about_ben = await world.learn("hush", named=[BEN], message_ids=[said])
        private = await world.learn("hush", scope=Scope.DM, message_ids=[said])
        high = await world.learn("high", message_ids=(), insight_ids=[about_ben, private])

        found = await view.detail(high)
        assert [one.content for one in found.lines[0].insights] == [None, None]
        assert "hush" not in text_of(found)
        assert "secret" not in text_of(found)

    async def test_private_messages_are_never_shown(self, world: World, view: InsightsView) -> None:
        said = await world.say("psst", server_id=None, channel_id=30, scope=Scope.DM)
        found = await view.detail(await world.learn("a line", message_ids=[said]))
        assert found.lines[0].messages == ()
        assert "psst" not in text_of(found)

    async def test_an_insight_that_may_not_be_shown_is_refused(
        self, world: World, view: InsightsView
    ) -> None:
        private = await world.learn("private", scope=Scope.DM)
        about_ben = await world.learn("Ben", quoted=[BEN])
        with pytest.raises(ConsentError, match="direct messages"):
            await view.detail(private)
        with pytest.raises(ConsentError, match="has not consented"):
            await view.detail(about_ben)
        with pytest.raises(NotFoundError):
            await view.detail("nothing")

    async def test_it_is_told_what_replaced_and_what_contradicts_it(
        self, world: World, view: InsightsView
    ) -> None:
        first = await world.learn("first")
        second = await world.learn("second", supersedes=first, conflicts_with=("x", first))
        third = await world.learn("third", conflicts_with=(first, second))
        elsewhere = TopicKey.user(ANN, SERVER)
        await world.learn("elsewhere", topic=elsewhere, conflicts_with=(first,), named=())

        async def ties(insight_id: str) -> tuple[object, ...]:
            found = await view.detail(insight_id)
            return (
                found.supersedes,
                found.superseded_by,
                found.conflicts_with,
                found.contradicted_by,
            )

        assert await ties(first) == (None, second, (), (third,))
        assert await ties(second) == (first, None, ("x", first), (third,))
        assert await ties(third) == (None, None, (first, second), ())

    async def test_it_is_shown_with_its_run(
        self, world: World, view: InsightsView, history: History
    ) -> None:
        run = await history.open(trigger=Trigger.MANUAL)
        known = await world.learn("a line", run_id=run.id)
        other = await world.learn("a line")

        found = await view.detail(known)
        assert found.run is not None
        assert (found.run.id, found.run.trigger, found.run.layer_hash) == (
            run.id,
            Trigger.MANUAL,
            "a" * 64,
        )
        assert (await view.detail(other)).run is None


class TestSearch:
    async def test_hits_are_shown_with_their_words_best_first(
        self, world: World, view: InsightsView
    ) -> None:
        by_ben = await world.say("roses, says member101 to member102", author=BEN)
        by_ann = await world.say("and thorns, roses")
        known = await world.learn("on roses and thorns")
        await world.learn("roses of Ben", named=[BEN])

        found = await view.search("roses thorns", now=NOON)
        rows = {one.found.id: one for one in found}
        assert set(rows) == {by_ben, by_ann, known}
        assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
        assert [rows[key].kind for key in (by_ben, known)] == ["message", "insight"]
        message = rows[by_ben].found
        assert isinstance(message, MessageRow)
        assert (message.author, message.author_id) == ("<chat_1>", None)
        assert message.text == "roses, says member101 to <chat_1>"

    async def test_server_profile_and_limit_are_passed_on(
        self, world: World, view: InsightsView
    ) -> None:
        for number in range(3):
            await world.say("roses", server_id=number + 1, channel_id=number + 1)
        assert len(await view.search("roses", now=NOON)) == 3
        assert len(await view.search("roses", now=NOON, limit=2)) == 2
        (one,) = await view.search("roses", now=NOON, server_id=2)
        assert one.found.server_id == 2
        assert await view.search("roses", now=NOON - timedelta(days=2)) == ()
        with pytest.raises(UsageError):
            await view.search("roses", now=NOON, profile="best")
