"""Spending between events keeps the ledger sound; what is rolled back never happened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.stores import assert_sound, batch_id, emptied, on_a_store, stored
from tests.property.worlds import OBSERVE, SALIENCE, consents, histories

from zos.config import Config
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.salience.earning import Activity
from zos.salience.ledger import SalienceLedger


@pytest.fixture
def ledger(database: Database, make_config: Callable[..., Config]) -> SalienceLedger:
    return SalienceLedger(database, make_config(salience=SALIENCE, observe=OBSERVE))


@on_a_store
@given(data=st.data(), history=histories())
async def test_reflections_between_events_keep_sums_exact_and_caps_held(
    data: st.DataObject, history: list[Activity], ledger: SalienceLedger
) -> None:
    await emptied(ledger.db)
    consent = data.draw(consents())
    for activity in history:
        async with ledger.db.write() as connection:
            await ledger.book(connection, [activity], consent, batch=batch_id())
        topics = await stored(ledger.db)
        reflects = data.draw(st.booleans(), label="reflect")
        if topics and reflects:
            key = TopicKey.parse(data.draw(st.sampled_from(sorted(topics)), label="topic"))
            tokens = data.draw(st.integers(0, 9_000), label="tokens")
            async with ledger.db.write() as connection:
                result = await ledger.spend(
                    connection,
                    key,
                    tokens=tokens,
                    at=activity.at + timedelta(hours=1),
                    run_id=batch_id(),
                    batch=batch_id(),
                )
            assert 0 <= result.spent_micro <= min(tokens * 1_000, topics[str(key)].balance)
            after = (await stored(ledger.db))[str(key)]
            assert (after.balance, after.material) == (result.retained_micro, 0)
    await assert_sound(ledger)


@on_a_store
@given(data=st.data(), history=histories(max_size=8), tokens=st.integers(0, 9_000))
async def test_a_failed_reflection_costs_nothing(
    data: st.DataObject, history: list[Activity], tokens: int, ledger: SalienceLedger
) -> None:
    await emptied(ledger.db)
    async with ledger.db.write() as connection:
        await ledger.book(connection, history, data.draw(consents()), batch=batch_id())
    before = await stored(ledger.db)
    if not before:
        return
    key = TopicKey.parse(data.draw(st.sampled_from(sorted(before))))
    with pytest.raises(RuntimeError, match="the model failed"):
        async with ledger.db.write() as connection:
            await ledger.spend(
                connection,
                key,
                tokens=tokens,
                at=history[-1].at,
                run_id=batch_id(),
                batch=batch_id(),
            )
            raise RuntimeError("the model failed")
    assert await stored(ledger.db) == before
    await assert_sound(ledger)
