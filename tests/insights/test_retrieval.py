"""Search: by words, within what may be seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from tests.insights.conftest import (
    ANN,
    BEN,
    CAT,
    CHANNEL,
    EVERYBODY,
    NOON,
    SERVER,
    World,
    consented,
)

from zos.core.consent import ConsentMode, ConsentView
from zos.core.errors import UsageError
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import insight
from zos.insights.profiles import PROFILES
from zos.insights.ranking import COUNTED, MATCHES_READ
from zos.insights.retrieval import Hit, HitKind, InsightRetrieval

HOUR = timedelta(hours=1)
ALL_SCOPES = frozenset(Scope)


class Search:
    """Searches with everything allowed, unless a test says otherwise."""

    def __init__(self, database: Database) -> None:
        self._retrieval = InsightRetrieval(database)

    async def hits(
        self,
        query: str,
        *,
        profile: str = "balanced",
        server_id: int | None = None,
        scopes: frozenset[Scope] = frozenset({Scope.PUBLIC, Scope.DERIVED}),
        consent: ConsentView = EVERYBODY,
        now: datetime = NOON,
        limit: int | None = None,
    ) -> list[Hit]:
        return await self._retrieval.search(
            query,
            profile=profile,
            server_id=server_id,
            scopes=scopes,
            consent=consent,
            now=now,
            limit=limit,
        )

    async def messages(self, query: str, **options: object) -> list[int]:
        hits = await self.hits(query, **options)  # type: ignore[arg-type]
        return [hit.message_id for hit in hits if hit.message_id is not None]

    async def insights(self, query: str, **options: object) -> list[str]:
        hits = await self.hits(query, **options)  # type: ignore[arg-type]
        return [hit.insight_id for hit in hits if hit.insight_id is not None]


@pytest.fixture
def search(database: Database) -> Search:
    return Search(database)


class TestWords:
    async def test_both_kinds_are_found_by_the_stems_of_their_words(
        self, world: World, search: Search
    ) -> None:
        said = await world.say("I am mounting the disks")
        known = await world.learn("The mounted disk worries Ann")
        await world.say("nothing to do with it")
        await world.learn("Nor this")

        hits = await search.hits("how do I mount a disk?")
        assert {(hit.kind, hit.insight_id, hit.message_id, hit.at) for hit in hits} == {
            (HitKind.MESSAGE, None, said, NOON - timedelta(days=1) + timedelta(minutes=1)),
            (HitKind.INSIGHT, known, None, NOON),
        }
        assert all(0 < hit.score <= 1 for hit in hits)

    async def test_a_text_with_more_of_the_words_comes_first(
        self, world: World, search: Search
    ) -> None:
        one = await world.say("tomatoes")
        both = await world.say("green tomatoes", channel_id=11)
        assert await search.messages("green tomato") == [both, one]

    async def test_a_rare_word_weighs_more_than_a_common_one(
        self, world: World, search: Search
    ) -> None:
        for number in range(20):
            await world.say("tea again", channel_id=100 + number)
        rare = await world.say("saffron again", channel_id=200)
        assert (await search.messages("tea saffron"))[0] == rare

    async def test_words_that_stand_in_neighbouring_messages_count_together(
        self, world: World, search: Search
    ) -> None:
        question = await world.say("a printer?")
        answer = await world.say("needs cups")
        alone = await world.say("no printer", channel_id=11)
        elsewhere = await world.say("three cups", channel_id=12)

        found = await search.messages("printer cups")
        assert set(found[:2]) == {question, answer}
        assert set(found[2:]) == {alone, elsewhere}

    async def test_so_do_words_of_insights_about_the_same_topic(
        self, world: World, search: Search
    ) -> None:
        topic = TopicKey.user(ANN, SERVER)
        before = await world.learn("Ann keeps bees", topic=topic)
        await world.learn("Ben keeps bees", topic=TopicKey.user(BEN, SERVER))
        after = await world.learn("Ann eats honey", topic=topic)
        await world.learn("Cat eats honey", topic=TopicKey.user(CAT, SERVER))
        assert set((await search.insights("bees honey"))[:2]) == {before, after}

    async def test_stop_words_find_nothing(self, world: World, search: Search) -> None:
        await world.say("the who is that")
        for query in ("", "the", "who is that?", "!!", "🍅"):
            assert await search.hits(query) == []

    async def test_a_word_that_no_index_has_finds_nothing(
        self, world: World, search: Search
    ) -> None:
        await world.say("tea")
        await world.learn("tea")
        assert await search.hits("xylophone") == []

    @pytest.mark.parametrize(
        ("text", "query"),
        [
            ("Die Gartenhäuser sind grün", "häuser"),
            ("昨日の写真展はよかった", "写真展"),
            ("Уборка картофелекопателями", "картофел"),
            ("unbelievable", "BELIEV"),
        ],
    )
    async def test_parts_of_words_find_insights_in_any_language(
        self, world: World, search: Search, text: str, query: str
    ) -> None:
        known = await world.learn(text)
        await world.learn("something else")
        assert await search.insights(query) == [known]

    async def test_parts_are_looked_for_only_where_no_whole_word_is_found(
        self, world: World, search: Search
    ) -> None:
        whole = await world.learn("a cat")
        await world.learn("concatenate")
        assert await search.insights("cat") == [whole]
        assert await search.insights("zz") == []


class TestCommonWords:
    async def test_a_common_word_finds_the_newest(self, world: World, search: Search) -> None:
        await world.chatter("tea", count=MATCHES_READ + 50)
        newest = await world.say("tea", channel_id=11, at=NOON)
        found = await search.messages("tea", profile="recent")
        assert found[0] == newest
        assert len(found) == PROFILES["recent"].limit

    async def test_two_common_words_find_where_they_meet(
        self, world: World, search: Search
    ) -> None:
        meeting = await world.say("coffee then tea", channel_id=11)
        await world.chatter("tea", count=COUNTED + 10)
        await world.chatter("coffee", count=MATCHES_READ + 10)
        assert (await search.messages("tea coffee"))[0] == meeting

    async def test_common_words_that_never_meet_still_find_something(
        self, world: World, search: Search
    ) -> None:
        await world.chatter("tea", count=MATCHES_READ + 10)
        await world.chatter("coffee", count=MATCHES_READ + 10)
        assert len(await search.messages("tea coffee")) == PROFILES["balanced"].limit


class TestWhatMayBeSeen:
    async def test_only_active_insights(
        self, world: World, search: Search, database: Database
    ) -> None:
        old = await world.learn("old roses")
        new = await world.learn("new roses", supersedes=old)
        doubtful = await world.learn("doubtful roses")
        async with database.write() as connection:
            await connection.execute(
                update(insight).where(insight.c.id == doubtful).values(status="review")
            )
        assert await search.insights("roses") == [new]

    async def test_bots_are_not_quoted(self, world: World, search: Search) -> None:
        await world.say("roses", author=999, is_bot=True)
        assert await search.messages("roses") == []

    async def test_deleted_and_edited_messages_are_found_no_more(
        self, world: World, search: Search
    ) -> None:
        gone, edited = await world.say("roses"), await world.say("roses")
        await world.forget(gone)
        await world.edit(edited, "tulips")
        assert await search.messages("roses") == []
        assert await search.messages("tulips") == [edited]

    async def test_a_server_sees_its_own_alone(self, world: World, search: Search) -> None:
        here = await world.say("roses")
        await world.say("roses", server_id=2, channel_id=20)
        known = await world.learn("roses")
        await world.learn("roses", topic=TopicKey.channel(2, 20))
        await world.learn("roses", topic=TopicKey.user(ANN))
        assert await search.messages("roses", server_id=SERVER) == [here]
        assert await search.insights("roses", server_id=SERVER) == [known]
        assert len(await search.hits("roses")) == 5

    async def test_private_words_are_found_only_by_who_may_ask_for_them(
        self, world: World, search: Search
    ) -> None:
        said = await world.say("roses", server_id=None, channel_id=30, scope=Scope.DM)
        known = await world.learn("roses", topic=TopicKey.user(ANN), scope=Scope.DM)
        assert await search.hits("roses") == []
        assert await search.messages("roses", scopes=ALL_SCOPES) == [said]
        assert await search.insights("roses", scopes=ALL_SCOPES) == [known]

    async def test_nothing_later_than_now(self, world: World, search: Search) -> None:
        said = await world.say("roses", at=NOON)
        known = await world.learn("roses", at=NOON)
        assert await search.messages("roses", now=NOON) == [said]
        assert await search.insights("roses", now=NOON) == [known]
        assert await search.hits("roses", now=NOON - timedelta(microseconds=1)) == []

    async def test_an_insight_with_somebody_in_it_who_has_not_consented_is_not_found(
        self, world: World, search: Search
    ) -> None:
        await world.learn("Ben grows roses", topic=TopicKey.user(BEN, SERVER))
        await world.learn("roses, says Ben", quoted=[BEN])
        await world.learn("roses for Ben", named=[BEN, ANN])
        shown = await world.learn("roses for Ann", named=[ANN])
        assert await search.insights("roses", consent=consented(ANN)) == [shown]

    async def test_nor_does_it_lend_its_words_to_its_neighbours(
        self, world: World, search: Search
    ) -> None:
        topic = TopicKey.channel(SERVER, CHANNEL)
        beside = await world.learn("a talk about roses", topic=topic)
        await world.learn("Ben has thorns", topic=topic, named=[BEN])
        alone = await world.learn("a talk about roses", topic=TopicKey.channel(SERVER, 11))
        found = await search.hits("roses thorns", consent=consented(ANN), profile="comprehensive")
        score = {hit.insight_id: hit.score for hit in found}
        assert set(score) == {beside, alone}
        assert score[alone] == score[beside]

    async def test_messages_of_members_without_consent_are_found_for_the_conversations_sake(
        self, world: World, search: Search
    ) -> None:
        said = await world.say("roses", author=BEN)
        assert await search.messages("roses", consent=consented(ANN)) == [said]


class TestProfiles:
    async def test_recent_prefers_new_things_that_fit_almost_as_well(
        self, world: World, search: Search
    ) -> None:
        best = await world.learn("roses", at=NOON - 99 * HOUR)
        for number in range(20):
            length = 20 + number
            await world.learn("roses".ljust(length, "."), at=NOON - (50 + number) * HOUR)
        new = await world.learn("roses...", at=NOON - HOUR)
        assert (await search.insights("roses", profile="recent"))[0] == new
        assert (await search.insights("roses", profile="balanced"))[0] == best

    async def test_deep_puts_important_things_first_and_insights_before_messages(
        self, world: World, search: Search
    ) -> None:
        said = await world.say("roses")
        light = await world.learn("roses", importance=0.1)
        heavy = await world.learn("roses", importance=0.9)
        hits = await search.hits("roses", profile="deep")
        assert [hit.insight_id or hit.message_id for hit in hits] == [heavy, light, said]

    async def test_comprehensive_finds_more_than_the_others(
        self, world: World, search: Search
    ) -> None:
        await world.chatter("roses", count=150)
        found = {name: len(await search.hits("roses", profile=name)) for name in PROFILES}
        assert found == {name: profile.limit for name, profile in PROFILES.items()}
        assert len(await search.hits("roses", limit=3)) == 3

    async def test_an_unknown_profile_is_a_clear_error(self, search: Search) -> None:
        with pytest.raises(UsageError, match="There is no search profile 'quick'"):
            await search.hits("roses", profile="quick")


INERT = [
    '"roses',
    "roses*",
    "ro*",
    "^roses",
    "content:roses",
    "roses AND nothing",
    "roses NOT thorns",
    "NEAR(roses thorns, 2)",
    "roses OR (",
    "{content} : roses",
    "roses & !thorns | <->",
    "'; DROP TABLE message; --",
    "roses' OR 1=1",
    "%roses%",
    "\\roses\\",
    "roses:*A",
    "-roses +thorns",
    "$1 :query %s ?",
]


class TestUntrustedQueries:
    async def test_search_syntax_is_mere_text(self, world: World, search: Search) -> None:
        roses = await world.say("roses")
        both = await world.say("roses with thorns", channel_id=11)
        known = await world.learn("roses")
        for query in INERT:
            named = "roses" in query
            assert set(await search.messages(query)) == ({roses, both} if named else set()), query
            assert await search.insights(query) == ([known] if named else []), query

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        query=st.one_of(
            st.text(max_size=60),
            st.lists(
                st.sampled_from(
                    ['"', "AND", "NOT", "NEAR(", ")", "*", "^", ":", "-", "zz", "|", "'"]
                ),
                max_size=8,
            ).map(" ".join),
        )
    )
    async def test_no_query_fails_or_finds_what_it_does_not_name(
        self, world: World, search: Search, query: str
    ) -> None:
        if not hasattr(world, "sown"):
            await world.say("ğğğğğğ")
            await world.learn("ğğğğğğ")
            world.sown = True  # type: ignore[attr-defined]
        found = await search.hits(query)
        assert not found or "ğ" in query.casefold() or "g" in query.casefold()


class TestNothingLeaks:
    """Everything holds the word; what is found must be exactly what may be seen."""

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        mode=st.sampled_from(ConsentMode),
        granted=st.frozensets(st.sampled_from([ANN, BEN, CAT])),
        denied=st.frozensets(st.sampled_from([ANN, BEN, CAT])),
        server_id=st.sampled_from([None, 1, 2]),
        scopes=st.frozensets(st.sampled_from(Scope), min_size=1),
        hours=st.integers(-1, 3),
    )
    async def test_what_is_found_is_exactly_what_may_be_seen(
        self,
        world: World,
        search: Search,
        *,
        mode: ConsentMode,
        granted: frozenset[int],
        denied: frozenset[int],
        server_id: int | None,
        scopes: frozenset[Scope],
        hours: int,
    ) -> None:
        insights, messages = await _garden(world)
        consent = ConsentView(mode, granted, denied)
        now = NOON + hours * HOUR
        hits = await search.hits(
            "roses",
            profile="comprehensive",
            server_id=server_id,
            scopes=scopes,
            consent=consent,
            now=now,
        )
        seen_insights = {
            one
            for one, (scope, server, members, at) in insights.items()
            if scope in scopes
            and server_id in (None, server)
            and consent.allows_all(members)
            and at <= now
        }
        seen_messages = {
            one
            for one, (scope, server, at) in messages.items()
            if scope in scopes and server_id in (None, server) and at <= now
        }
        assert {hit.insight_id for hit in hits} - {None} == seen_insights
        assert {hit.message_id for hit in hits} - {None} == seen_messages


_Insights = dict[str, tuple[Scope, int | None, frozenset[int], datetime]]
_Messages = dict[int, tuple[Scope, int | None, datetime]]


async def _garden(world: World) -> tuple[_Insights, _Messages]:
    """Store (once) an insight and a message of every kind."""
    garden: tuple[_Insights, _Messages] | None = getattr(world, "garden", None)
    if garden is not None:
        return garden
    insights: _Insights = {}
    messages: _Messages = {}
    topics = [
        TopicKey.channel(1, CHANNEL),
        TopicKey.user(ANN, 1),
        TopicKey.dyad(ANN, BEN, 2),
        TopicKey.user(CAT),
    ]
    for number, (topic, scope, role) in enumerate(product(topics, Scope, ("named", "quoted"))):
        at = NOON + number % 4 * HOUR
        other = (ANN, BEN, CAT)[number % 3]
        known = await world.learn("roses", topic=topic, scope=scope, at=at, **{role: [other]})  # type: ignore[arg-type]
        members = frozenset({*topic.members, other})
        insights[known] = (scope, topic.server_id, members, at)
    for number, (server_id, scope) in enumerate(product((1, 2), (Scope.PUBLIC, Scope.DM))):
        at = NOON + number % 4 * HOUR
        place = 10 * server_id
        said = await world.say("roses", server_id=server_id, channel_id=place, scope=scope, at=at)
        messages[said] = (scope, server_id, at)
    world.garden = (insights, messages)  # type: ignore[attr-defined]
    return insights, messages
