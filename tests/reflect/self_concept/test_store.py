from __future__ import annotations

from datetime import timedelta

from tests.conftest import EPOCH

from zos.db.engine import Database
from zos.reflect.self_concept.store import Origin, SelfConceptStore, add_version


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
