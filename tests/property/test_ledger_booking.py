"""Whatever happens in a community: the ledger adds up, caps hold, and neither batches nor decay's timing matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.property.reference import Reference
from tests.property.stores import Figures, assert_sound, batch_id, emptied, on_a_store, stored
from tests.property.worlds import OBSERVE, SALIENCE, consents, cuts, histories

from zos.config import Config
from zos.core.consent import ConsentView
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables.base import to_micros
from zos.salience.earning import Activity
from zos.salience.ledger import SalienceLedger


@pytest.fixture
def ledger(database: Database, make_config: Callable[..., Config]) -> SalienceLedger:
    return SalienceLedger(database, make_config(salience=SALIENCE, observe=OBSERVE))


async def _book(
    ledger: SalienceLedger, activities: Sequence[Activity], consent: ConsentView
) -> None:
    async with ledger.db.write() as connection:
        await ledger.book(connection, activities, consent, batch=batch_id())


def _told(reference: Reference, at: int) -> dict[str, Figures]:
    return {
        str(key): Figures(
            reference.level(key, at), one.base, one.decay_from, one.active_at, one.material
        )
        for key, one in reference.topics.items()
    }


@on_a_store
@given(data=st.data(), history=histories(), consent=consents())
async def test_any_batches_with_decay_at_any_times_give_what_one_event_after_the_other_gives(
    data: st.DataObject, history: list[Activity], consent: ConsentView, ledger: SalienceLedger
) -> None:
    await emptied(ledger.db)
    for part in data.draw(cuts(len(history)), label="batches"):
        await _book(ledger, history[part], consent)
        if data.draw(st.booleans(), label="decay"):
            late = timedelta(days=data.draw(st.sampled_from([0, 1, 5]), label="days later"))
            await ledger.decay(history[part][-1].at + late)
    end = history[-1].at + timedelta(days=data.draw(st.sampled_from([5, 9, 40]), label="end"))
    await ledger.decay(end)
    reference = Reference(ledger.config, consent)
    for activity in history:
        reference.book(activity)
    assert await stored(ledger.db) == _told(reference, to_micros(end))
    await assert_sound(ledger)


@on_a_store
@given(history=histories(), consent=consents())
async def test_nobody_without_consent_and_no_bot_has_a_topic(
    history: list[Activity], consent: ConsentView, ledger: SalienceLedger
) -> None:
    await emptied(ledger.db)
    await _book(ledger, history, consent)
    for key in map(TopicKey.parse, await stored(ledger.db)):
        assert all(one in range(1, 5) and consent.allows(one) for one in key.members)


@on_a_store
@given(data=st.data(), history=histories(), days=st.integers(0, 400))
async def test_the_same_decay_twice_changes_nothing_and_an_earlier_one_neither(
    data: st.DataObject, history: list[Activity], days: int, ledger: SalienceLedger
) -> None:
    await emptied(ledger.db)
    await _book(ledger, history, data.draw(consents()))
    now = history[-1].at + timedelta(days=days)
    await ledger.decay(now)
    before = await stored(ledger.db)
    assert await ledger.decay(now) == 0
    assert await ledger.decay(now - timedelta(days=1)) == 0
    assert await stored(ledger.db) == before
    await assert_sound(ledger)
