from __future__ import annotations

from datetime import timedelta

from tests.conftest import EPOCH

from zos.db.engine import Database
from zos.reflect.self_concept.store import (
    Origin,
    SelfConceptStore,
    SelfConceptVersion,
    add_version,
    withdraw,
)


async def test_there_is_none_at_first(database: Database) -> None:
    store = SelfConceptStore(database)
    assert await store.current() is None
    assert await store.get("01") is None
    assert await store.latest(5) == []


async def test_the_version_stored_last_is_in_force_whatever_clock_wrote_it(
    database: Database,
) -> None:
    store = SelfConceptStore(database)
    first = await store.put("now", at=EPOCH, origin=Origin.SHIPPED)
    async with database.write() as connection:
        replayed = await add_version(
            connection, "then", at=EPOCH - timedelta(days=365), run_id="01ARZ3NDEKTSV4RRFFQ69G5FAV"
        )
    assert await store.current() == replayed
    assert replayed.origin is Origin.MODEL
    assert await store.latest(5) == [replayed, first]
    assert await store.get(first.id) == first


async def test_the_text_in_force_is_not_stored_again(database: Database) -> None:
    store = SelfConceptStore(database)
    first = await store.put("same", at=EPOCH, origin=Origin.SHIPPED)
    assert await store.put("same", at=EPOCH + timedelta(days=1), origin=Origin.MODEL) == first
    assert len(await store.latest(5)) == 1


async def test_an_earlier_text_may_come_back(database: Database) -> None:
    store = SelfConceptStore(database)
    for text in ("a", "b", "a"):
        await store.put(text, at=EPOCH, origin=Origin.OPERATOR)
    assert [one.content for one in await store.latest(5)] == ["a", "b", "a"]


async def withdrawn(database: Database, *insight_ids: str) -> int:
    async with database.write() as connection:
        return await withdraw(connection, insight_ids)


async def model_wrote(database: Database, content: str, *insight_ids: str) -> SelfConceptVersion:
    async with database.write() as connection:
        return await add_version(connection, content, at=EPOCH, insight_ids=insight_ids)


async def test_what_rested_on_a_lost_insight_is_withdrawn_with_all_that_came_of_it(
    database: Database,
) -> None:
    store = SelfConceptStore(database)
    first = await store.put("I watch.", at=EPOCH, origin=Origin.SHIPPED)
    await model_wrote(database, "I watch.\nI saw a nest.", "lost")
    later = await model_wrote(database, "I watch.\nI like nests.", "kept")
    assert await withdrawn(database, "lost", "other") == 2
    assert await store.current() == first
    gone = await store.get(later.id)
    assert gone is not None
    assert (gone.content, gone.origin) == ("", Origin.WITHDRAWN)
    assert await withdrawn(database, "lost") == 0


async def test_of_what_an_operator_wrote_only_the_lost_lines_go(database: Database) -> None:
    store = SelfConceptStore(database)
    await store.put("I watch.", at=EPOCH, origin=Origin.SHIPPED)
    await model_wrote(database, "I watch.\nI saw a nest.", "lost")
    tainted = await store.put("I watch.\nI saw a nest.\nBe kind.", at=EPOCH, origin=Origin.OPERATOR)
    clean = await store.put("Be kind.", at=EPOCH, origin=Origin.OPERATOR)
    assert await withdrawn(database, "lost") == 2
    assert await store.current() == clean
    before = (await store.latest(9))[1]
    assert (before.content, before.origin) == ("I watch.\nBe kind.", Origin.OPERATOR)
    old = await store.get(tainted.id)
    assert old is not None
    assert (old.content, old.origin) == ("", Origin.WITHDRAWN)


async def test_an_operators_text_that_held_nothing_else_goes_whole(database: Database) -> None:
    store = SelfConceptStore(database)
    await model_wrote(database, "I saw a nest.", "lost")
    await store.put("  I saw a nest.  ", at=EPOCH, origin=Origin.OPERATOR)
    assert await withdrawn(database, "lost") == 2
    assert await store.current() is None


async def test_nothing_rests_on_insights_that_nobody_used(database: Database) -> None:
    await model_wrote(database, "I watch.", "kept")
    assert await withdrawn(database, "lost") == 0
