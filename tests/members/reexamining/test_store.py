"""Striking lines, along all that rests on them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update
from tests.insights.conftest import ANN, World

from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import insight, insight_source
from zos.insights.model import InsightDraft, InsightLine, InsightStatus, Method
from zos.members.reexamining.store import Gone, Struck, strike

PLACE = TopicKey.channel(1, 10)


async def struck_from(database: Database, ids: Collection[str], gone: Gone) -> Struck:
    async with database.write() as connection:
        return await strike(database, connection, ids, gone)


async def read(database: Database, insight_id: str) -> tuple[str, str, list[str]] | None:
    columns = (insight.c.content, insight.c.status, insight.c.open_questions)
    async with database.read() as connection:
        row = (await connection.execute(select(*columns).where(insight.c.id == insight_id))).first()
    return None if row is None else (row[0], row[1], row[2])


async def lines(world: World, *parts: InsightLine) -> str:
    draft = InsightDraft(
        PLACE, parts, Method.MODEL, 0.5, 0.5, 0.5, Scope.PUBLIC, open_questions=("Why?",)
    )
    return await world.store(draft)


async def test_only_lines_that_rest_on_what_is_gone_go_and_the_rest_keep_their_sources(
    world: World, database: Database
) -> None:
    base = await world.learn("base")
    one = await lines(
        world,
        InsightLine("first", (1,)),
        InsightLine("second", (2, 3), (base,)),
        InsightLine("third", (1, 4)),
        InsightLine("fourth", (5,)),
    )
    struck = await struck_from(database, [one], Gone(frozenset({1})))
    assert (struck.lines, struck.rewritten, struck.removed) == (2, {one}, set())
    assert struck.topics == {str(PLACE)}
    assert await read(database, one) == ("second\nfourth", InsightStatus.REVIEW.value, [])
    columns = ("line", "message_id", "source_insight_id")
    query = select(*(insight_source.c[name] for name in columns)).order_by(insight_source.c.id)
    async with database.read() as connection:
        rows = await connection.execute(query.where(insight_source.c.insight_id == one))
        assert [tuple(row) for row in rows] == [
            (0, 2, None),
            (0, 3, None),
            (0, None, base),
            (1, 5, None),
        ]


async def test_what_rests_on_a_struck_insight_is_struck_too_however_far(
    world: World, database: Database
) -> None:
    low = await lines(world, InsightLine("gone", (1,)), InsightLine("stays", (2,)))
    middle = await lines(world, InsightLine("on it", (), (low,)), InsightLine("beside", (3,)))
    high = await world.learn("on that", insight_ids=[middle], message_ids=[])
    struck = await struck_from(database, [low], Gone(frozenset({1})))
    assert (struck.rewritten, struck.removed, struck.lines) == ({low, middle}, {high}, 3)
    assert await read(database, high) is None
    assert (await read(database, middle) or ("",))[0] == "beside"


async def test_two_insights_that_rest_on_each_other_come_to_an_end(
    world: World, database: Database
) -> None:
    low = await world.learn("low", message_ids=[1])
    high = await world.learn("high", insight_ids=[low], message_ids=[])
    async with database.write() as connection:
        row = {"insight_id": low, "line": 0, "source_insight_id": high}
        await connection.execute(insight_source.insert(), row)
    struck = await struck_from(database, [high], Gone(whole=frozenset({high})))
    assert struck.removed == {low, high}


async def test_a_whole_insight_goes_with_all_its_lines(world: World, database: Database) -> None:
    one = await world.learn("a", "b", "c")
    struck = await struck_from(database, [one], Gone(whole=frozenset({one})))
    assert (struck.lines, struck.removed) == (3, {one})
    assert await read(database, one) is None


async def test_a_superseded_insight_loses_its_lines_and_stays_superseded(
    world: World, database: Database
) -> None:
    one = await lines(world, InsightLine("Ann waves", (1,)), InsightLine("Ben waves", (2,)))
    async with database.write() as connection:
        change = update(insight).where(insight.c.id == one)
        await connection.execute(change.values(status=InsightStatus.SUPERSEDED.value))
    await struck_from(database, [one], Gone(says=lambda text: "Ann" in text))
    assert await read(database, one) == ("Ben waves", InsightStatus.SUPERSEDED.value, [])


async def test_nothing_is_struck_from_what_rests_on_other_things(
    world: World, database: Database
) -> None:
    one = await world.learn("a", topic=TopicKey.user(ANN, 1), message_ids=[2])
    struck = await struck_from(database, [one], Gone(frozenset({1})))
    assert (struck.lines, struck.origins) == (0, set())
    assert await read(database, one) == ("a", InsightStatus.ACTIVE.value, [])
