"""Asking the search index, on each database."""

from __future__ import annotations

import pytest
from tests.insights.conftest import World

from zos.db.engine import Database
from zos.db.tables import insight, message
from zos.insights.index.store import Fts5Index, TextIndex, TsvectorIndex, text_index
from zos.insights.ranking import MATCHES_READ


@pytest.fixture
def messages(database: Database) -> TextIndex:
    return text_index(database, message, message.c.id)


def test_each_database_is_asked_in_its_own_way(database: Database, messages: TextIndex) -> None:
    assert isinstance(messages, Fts5Index if database.is_sqlite else TsvectorIndex)


async def test_counts_are_of_rows_and_stop_at_a_bound(
    world: World, database: Database, messages: TextIndex
) -> None:
    await world.chatter("tea tea", count=messages.counted + 5)
    await world.say("a biscuit")
    async with database.read() as connection:
        counts = await messages.counts(connection, ["tea", "biscuits", "node.js"])
    assert counts == {"tea": messages.counted, "biscuits": 1, "node.js": 0}


async def test_rows_are_found_by_all_terms_of_a_combination_and_say_which(
    world: World, database: Database, messages: TextIndex
) -> None:
    tea = await world.say("tea")
    both = await world.say("tea and biscuits")
    wanted = [("tea",), ("tea", "biscuit")]
    async with database.read() as connection:
        found = await messages.matches(connection, wanted, (), ())
        only = await messages.matches(connection, wanted, (), [message.c.id == both])
        assert await messages.matches(connection, (), (), ()) == {}
    assert found == {tea: {"tea"}, both: {"tea", "biscuit"}}
    assert only == {both: {"tea", "biscuit"}}


async def test_of_a_combination_the_newest_rows_are_read(
    world: World, database: Database, messages: TextIndex
) -> None:
    await world.chatter("tea", count=MATCHES_READ + 5)
    newest = await world.say("tea")
    async with database.read() as connection:
        found = await messages.matches(connection, [("tea",)], (), ())
    assert max(found) == newest
    assert len(found) == MATCHES_READ


async def test_a_word_with_marks_within_is_one_term(
    world: World, database: Database, messages: TextIndex
) -> None:
    together = await world.say("use node.js for it")
    await world.say("a js file of that node")
    async with database.read() as connection:
        assert await messages.matches(connection, [("node.js",)], (), ()) == {together: {"node.js"}}


async def test_parts_of_words_are_found_beside_words(world: World, database: Database) -> None:
    await world.learn("Gartenhaus")
    await world.learn("Haus")
    index = text_index(database, insight, insight.c.seq)
    async with database.read() as connection:
        found = await index.matches(connection, [("haus",)], ["haus", "arten"], ())
    assert found == {1: {"haus", "arten"}, 2: {"haus"}}


async def test_a_term_is_mere_text_whatever_it_holds(
    world: World, database: Database, messages: TextIndex
) -> None:
    await world.say("tea")
    await world.say("milk")
    terms = ['tea" OR "milk', "tea | milk", "tea' | 'milk", '"', "tea*", "t*", "content : tea"]
    async with database.read() as connection:
        counts = await messages.counts(connection, terms)
        parts = await messages.matches(connection, [(term,) for term in terms], (), ())
    assert {term: count for term, count in counts.items() if count} == {"tea*": 1}
    assert list(parts.values()) == [{"tea*"}]
