"""The way from an insight down to the messages, and to those who are in it."""

from __future__ import annotations

from tests.insights.conftest import ANN, BEN, SERVER, World

from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.insights.provenance.store import members_of, messages_behind, sources_of


async def test_messages_are_found_through_any_number_of_insights(
    world: World, database: Database
) -> None:
    one = await world.learn("one", message_ids=[3, 1])
    two = await world.learn("two", message_ids=[2, 3])
    above = await world.learn("above", "and more", message_ids=(), insight_ids=[one, two])
    top = await world.learn("top", message_ids=[9], insight_ids=[above])

    async with database.read() as connection:
        found = await messages_behind(connection, [one, above, top, "unknown"])
    assert found == {one: (1, 3), above: (1, 2, 3), top: (1, 2, 3, 9)}


async def test_insights_that_rest_on_each_other_end_the_search(
    world: World, database: Database
) -> None:
    first = f"{2:026d}"  # the id that the second one will get
    one = await world.learn("one", message_ids=[1], insight_ids=[first])
    two = await world.learn("two", message_ids=[2], insight_ids=[one])
    assert two == first

    async with database.read() as connection:
        found = await messages_behind(connection, [one, two])
    assert found == {one: (1, 2), two: (1, 2)}


async def test_sources_and_members_of_many_insights_are_read_together(
    world: World, database: Database
) -> None:
    one = await world.learn("a", "b", topic=TopicKey.user(ANN, SERVER), message_ids=[2, 1])
    two = await world.learn("c", message_ids=[5], insight_ids=[one], quoted=[BEN], named=[BEN])
    three = await world.learn("d", message_ids=[5])
    unknown = [f"unknown {number}" for number in range(1_000)]

    async with database.read() as connection:
        sources = await sources_of(connection, [one, *unknown, two])
        members = await members_of(connection, [one, *unknown, two, three])
    assert sources == {one: {0: ([2, 1], []), 1: ([2, 1], [])}, two: {0: ([5], [one])}}
    assert members == {one: {ANN}, two: {BEN}}
