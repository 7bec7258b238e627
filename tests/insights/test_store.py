"""Insights in the database: stored whole, read back, marked, and never later than asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, null, select, true, update
from tests.insights.conftest import ANN, BEN, CAT, EVERYBODY, NOON, SERVER, World, consented

from zos.core.consent import ConsentMode, ConsentView
from zos.core.errors import NotFoundError
from zos.core.scopes import Scope
from zos.core.topics import TopicCategory, TopicKey
from zos.db.engine import Database
from zos.db.tables import insight, insight_member, insight_source
from zos.insights.consented.store import narrowed, only_consented
from zos.insights.model import (
    Insight,
    InsightDraft,
    InsightFilter,
    InsightLine,
    InsightStatus,
    Method,
    Valence,
)
from zos.insights.store import SHAREABLE, InsightStore, mark_for_review

HOUR = timedelta(hours=1)
ANYTHING = InsightFilter()
EVERYTHING = true()
FULL = InsightDraft(
    topic=TopicKey.dyad(ANN, BEN, SERVER),
    lines=(
        InsightLine("Ann shows Ben her garden", (31, 30), ("a",)),
        InsightLine("they like tomatoes", (), ("b", "a")),
    ),
    method=Method.MODEL,
    confidence=0.9,
    importance=0.8,
    novelty=0.7,
    scope=Scope.DERIVED,
    strength_adjustment=2.0,
    valence={Valence.JOY: 0.6, Valence.WARMTH: 0.1},
    open_questions=("Which tomatoes?",),
    named_member_ids=frozenset({ANN, BEN}),
    quoted_member_ids=frozenset({CAT}),
    conflicts_with=("c",),
)


@pytest.fixture
def store(database: Database) -> InsightStore:
    return InsightStore(database)


def ids(found: list[Insight]) -> list[str]:
    return [one.id for one in found]


async def statuses(store: InsightStore, *insight_ids: str) -> list[str]:
    return [(await store.get(one)).status.value for one in insight_ids]


async def test_what_was_stored_is_read_back_whole(world: World, store: InsightStore) -> None:
    insight_id = await world.store(FULL, spent=1.5)

    assert await store.get(insight_id) == Insight(
        seq=1,
        id=insight_id,
        topic=FULL.topic,
        server_id=SERVER,
        layer="nightly",
        run_id="run".rjust(26, "0"),
        created_at=NOON,
        content="Ann shows Ben her garden\nthey like tomatoes",
        method=Method.MODEL,
        confidence=0.9,
        importance=0.8,
        novelty=0.7,
        strength=3.0,
        valence={Valence.JOY: 0.6, Valence.WARMTH: 0.1},
        open_questions=("Which tomatoes?",),
        scope=Scope.DERIVED,
        status=InsightStatus.ACTIVE,
        supersedes=None,
        conflicts_with=("c",),
        member_ids=frozenset({ANN, BEN, CAT}),
        sources=FULL.lines,
    )


@pytest.mark.parametrize(
    ("spent", "adjustment", "strength"), [(0.0, 1.0, 0.1), (2.0, 0.5, 1.0), (80.0, 9.0, 10.0)]
)
async def test_strength_is_salience_spent_times_the_adjustment_within_bounds(
    world: World, store: InsightStore, spent: float, adjustment: float, strength: float
) -> None:
    draft = replace(FULL, strength_adjustment=adjustment)
    assert (await store.get(await world.store(draft, spent=spent))).strength == strength


async def test_an_insight_without_feelings_has_none_in_the_database(
    world: World, store: InsightStore, database: Database
) -> None:
    insight_id = await world.store(replace(FULL, valence=None))

    assert (await store.get(insight_id)).valence is None
    async with database.read() as connection:
        empty = select(func.count()).where(insight.c.valence.is_(null()))
        assert (await connection.execute(empty)).scalar_one() == 1


async def test_each_line_keeps_its_own_sources_once(world: World, store: InsightStore) -> None:
    lines = (
        InsightLine("first", (5, 4, 5)),
        InsightLine("second", (4,)),
        InsightLine("third", (), ("q", "q")),
    )
    found = await store.get(await world.store(replace(FULL, lines=lines)))

    assert found.sources == (
        InsightLine("first", (5, 4)),
        InsightLine("second", (4,)),
        InsightLine("third", (), ("q",)),
    )


async def test_an_unknown_id_is_a_clear_error(store: InsightStore) -> None:
    with pytest.raises(NotFoundError, match="There is no insight nothing"):
        await store.get("nothing")


async def test_a_new_insight_supersedes_the_old_one(world: World, store: InsightStore) -> None:
    old = await world.store(FULL)
    new = await world.store(replace(FULL, supersedes=old))

    assert await statuses(store, old, new) == ["superseded", "active"]
    assert (await store.get(new)).supersedes == old
    assert ids(await store.recent(FULL.topic, until=NOON, limit=9)) == [new]


async def test_an_insight_about_something_else_is_never_superseded(
    world: World, store: InsightStore
) -> None:
    other = await world.store(replace(FULL, topic=TopicKey.user(ANN, SERVER)))
    await world.store(replace(FULL, supersedes=other))

    assert await statuses(store, other) == ["active"]


async def test_a_failing_transaction_leaves_no_part_of_an_insight(
    world: World, database: Database
) -> None:
    too_large = InsightLine("too large", (2**64,))
    with pytest.raises(Exception, match=r"int|range"):
        await world.store(replace(FULL, lines=(*FULL.lines, too_large)))

    async with database.read() as connection:
        for table in (insight, insight_source, insight_member):
            counted = select(func.count()).select_from(table)
            assert (await connection.execute(counted)).scalar_one() == 0


class TestReview:
    async def test_insights_that_rest_on_a_deleted_message_are_marked(
        self, world: World, store: InsightStore, database: Database
    ) -> None:
        resting = await world.learn("rests on it", message_ids=[7, 8])
        other = await world.learn("rests on another", message_ids=[9])

        async with database.write() as connection:
            assert await mark_for_review(connection, [8]) == 1
        assert await statuses(store, resting, other) == ["review", "active"]

    async def test_so_are_those_that_rest_on_them_through_others(
        self, world: World, store: InsightStore, database: Database
    ) -> None:
        low = await world.learn("low", message_ids=[7])
        middle = await world.learn("middle", message_ids=(), insight_ids=[low])
        high = await world.learn("high", message_ids=(), insight_ids=[middle])
        async with database.write() as connection:
            await connection.execute(
                update(insight).where(insight.c.id == middle).values(status="superseded")
            )
            assert await mark_for_review(connection, [7]) == 2
        assert await statuses(store, low, middle, high) == ["review", "superseded", "review"]

    async def test_many_messages_are_marked_in_one_go_and_each_insight_counts_once(
        self, world: World, database: Database
    ) -> None:
        await world.learn("rests on two", message_ids=[1, 1_400])
        async with database.write() as connection:
            assert await mark_for_review(connection, range(1, 1_501)) == 1
            assert await mark_for_review(connection, []) == 0

    async def test_a_marked_insight_is_recalled_no_more(
        self, world: World, store: InsightStore, database: Database
    ) -> None:
        await world.learn("rests on it", message_ids=[7], topic=FULL.topic)
        async with database.write() as connection:
            await mark_for_review(connection, [7])
        assert await store.recent(FULL.topic, until=NOON, limit=9) == []


class TestReading:
    async def test_nothing_later_than_until_is_read(
        self, world: World, store: InsightStore
    ) -> None:
        first = await world.learn("first", topic=TopicKey.user(ANN, SERVER), at=NOON)
        await world.learn("second", topic=TopicKey.user(ANN, SERVER), at=NOON + HOUR)
        topic = TopicKey.user(ANN)

        just_before = NOON + HOUR - timedelta(microseconds=1)
        for until, expected in ((just_before, [first]), (NOON - HOUR, [])):
            recent = await store.recent(TopicKey.user(ANN, SERVER), until=until, limit=9)
            members = await store.of_members(topic, until=until, limit=9)
            others = await store.of_others(but_layer="x", server_id=None, until=until, limit=9)
            assert [ids(recent), ids(members), ids(others)] == [expected] * 3

    async def test_the_newest_come_first_and_no_more_than_asked(
        self, world: World, store: InsightStore
    ) -> None:
        stored = [await world.store(FULL) for _ in range(4)]
        found = await store.recent(FULL.topic, until=NOON, limit=3)
        assert ids(found) == stored[:0:-1]
        assert found[0].sources == FULL.lines

    async def test_a_global_pair_reads_what_all_servers_know_about_that_pair(
        self, world: World, store: InsightStore
    ) -> None:
        here = await world.learn("here", topic=TopicKey.dyad(ANN, BEN, 1))
        there = await world.learn("there", topic=TopicKey.dyad(ANN, BEN, 2))
        await world.learn("another pair", topic=TopicKey.dyad(ANN, CAT, 1), named=[BEN])
        await world.learn("one of them", topic=TopicKey.user(ANN, 1))
        await world.learn("global", topic=TopicKey.dyad(ANN, BEN))

        found = await store.of_members(TopicKey.dyad(ANN, BEN), until=NOON, limit=9)
        assert ids(found) == [there, here]

    async def test_other_layers_insights_leave_out_ones_own_and_those_about_zos(
        self, world: World, store: InsightStore
    ) -> None:
        here = await world.learn("here")
        there = await world.learn("there", topic=TopicKey.channel(2, 20))
        await world.learn("mine", layer="self")
        await world.learn("about me", topic=TopicKey.self_topic(SERVER))

        async def others(server_id: int | None) -> list[str]:
            return ids(
                await store.of_others(but_layer="self", server_id=server_id, until=NOON, limit=9)
            )

        assert await others(None) == [there, here]
        assert await others(SERVER) == [here]

    async def test_reading_by_ids_takes_any_number_and_leaves_out_unknown_ones(
        self, world: World, store: InsightStore
    ) -> None:
        known = await world.store(FULL)
        found = await store.by_ids([*(f"unknown {n}" for n in range(1_200)), known])
        assert list(found) == [known]
        assert found[known].member_ids == {ANN, BEN, CAT}
        assert found[known].sources == ()


class TestPages:
    async def test_pages_neither_skip_nor_repeat_while_insights_are_stored(
        self, world: World, store: InsightStore
    ) -> None:
        stored = [await world.store(FULL) for _ in range(5)]
        first = await store.page(ANYTHING, only=EVERYTHING, limit=2)
        await world.store(FULL)
        second = await store.page(ANYTHING, only=EVERYTHING, limit=9, before_seq=first[-1].seq)
        assert ids(first + second) == stored[::-1]

    async def test_each_filter_leaves_out_what_does_not_fit(
        self, world: World, store: InsightStore
    ) -> None:
        topic = TopicKey.user(ANN, SERVER)
        match = await world.learn("match", topic=topic, layer="deep", at=NOON + HOUR)
        await world.learn("other", topic=TopicKey.channel(2, 20))
        filters = (
            InsightFilter(topic=topic),
            InsightFilter(category=TopicCategory.USER),
            InsightFilter(layer="deep"),
            InsightFilter(server_id=SERVER),
            InsightFilter(since=NOON + HOUR),
        )
        for which in filters:
            found = await store.page(which, only=EVERYTHING, limit=9)
            assert ids(found) == [match], which
        nothing = InsightFilter(layer="deep", server_id=2)
        assert await store.page(nothing, only=EVERYTHING, limit=9) == []

    async def test_status_and_run_are_filters_too(self, world: World, store: InsightStore) -> None:
        old = await world.store(FULL)
        new = await world.store(replace(FULL, supersedes=old))
        for status, expected in ((InsightStatus.ACTIVE, [new]), (InsightStatus.SUPERSEDED, [old])):
            which = InsightFilter(status=status)
            assert ids(await store.page(which, only=EVERYTHING, limit=9)) == expected
        run = InsightFilter(run_id="another")
        assert await store.page(run, only=EVERYTHING, limit=9) == []

    async def test_private_insights_are_on_no_page_unless_asked_for(
        self, world: World, store: InsightStore
    ) -> None:
        public = await world.learn("public")
        derived = await world.learn("derived", scope=Scope.DERIVED)
        private = await world.learn("private", scope=Scope.DM)

        assert ids(await store.page(ANYTHING, only=EVERYTHING, limit=9)) == [derived, public]
        everything = await store.page(
            ANYTHING, only=EVERYTHING, scopes=SHAREABLE | {Scope.DM}, limit=9
        )
        assert ids(everything) == [private, derived, public]


class TestConsent:
    @pytest.mark.parametrize("mode", list(ConsentMode))
    async def test_an_insight_needs_the_consent_of_everybody_in_it(
        self, world: World, store: InsightStore, mode: ConsentMode
    ) -> None:
        about = await world.learn("about Ann", topic=TopicKey.user(ANN, SERVER))
        named = await world.learn("names Ben", named=[BEN])
        quoted = await world.learn("quotes Cat", quoted=[CAT])
        nobody = await world.learn("nobody")
        everyone = frozenset({ANN, BEN, CAT})

        for missing, hidden in ((ANN, about), (BEN, named), (CAT, quoted)):
            view = ConsentView(mode, everyone - {missing}, frozenset({missing}))
            found = ids(
                await store.page(ANYTHING, only=only_consented(world.database, view), limit=9)
            )
            assert found == [one for one in (nobody, quoted, named, about) if one != hidden]

    async def test_silence_is_a_no_where_consent_is_asked_for(
        self, world: World, store: InsightStore
    ) -> None:
        named = await world.learn("names Ben", named=[BEN])

        async def shown(view: ConsentView) -> list[str]:
            return ids(
                await store.page(ANYTHING, only=only_consented(world.database, view), limit=9)
            )

        assert await shown(consented()) == []
        assert await shown(consented(ANN)) == []
        assert await shown(consented(BEN)) == [named]
        assert await shown(EVERYBODY) == [named]

    async def test_a_no_is_stronger_than_a_yes(self, world: World, store: InsightStore) -> None:
        await world.learn("names Ben", named=[BEN])
        both = ConsentView(ConsentMode.OPT_IN, frozenset({BEN}), frozenset({BEN}))
        assert await store.page(ANYTHING, only=only_consented(world.database, both), limit=9) == []

    async def test_it_works_for_a_community_of_fifty_thousand(
        self, world: World, store: InsightStore
    ) -> None:
        shown = await world.learn("names Ann", named=[ANN])
        await world.learn("names another", named=[900_000_000_000_000_000])
        view = consented(ANN, *range(10**18, 10**18 + 50_000))
        assert ids(
            await store.page(ANYTHING, only=only_consented(world.database, view), limit=9)
        ) == [shown]


def test_a_narrowed_view_says_the_same_about_those_it_was_narrowed_to() -> None:
    for mode in ConsentMode:
        view = ConsentView(mode, frozenset({1, 2}), frozenset({2, 3}))
        narrow = narrowed(view, [2, 3, 4])
        assert (narrow.granted, narrow.denied) == ({2}, {2, 3})
        assert [narrow.allows(one) for one in (2, 3, 4)] == [view.allows(one) for one in (2, 3, 4)]
