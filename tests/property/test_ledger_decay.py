"""The decay of a balance: one formula, in Python and in SQL, whatever is written down in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert
from tests.property.stores import emptied, on_a_store, stored
from tests.property.worlds import START

from zos.config import Config
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import topic
from zos.salience.decay import DAY_MICROS, decayed, whole_days
from zos.salience.ledger import SalienceLedger

balances = st.integers(0, 2_000_000_000)
moments = st.integers(0, 3_000 * 86_400).map(lambda seconds: timedelta(seconds=seconds))


@given(base=balances, days=st.integers(0, 5_000), rate=st.floats(0, 1))
def test_decay_never_adds_and_never_goes_below_nothing(base: int, days: int, rate: float) -> None:
    left = decayed(base, days, 1.0 - rate)
    assert 0 <= decayed(base, days + 1, 1.0 - rate) <= left <= base


@given(start=st.integers(0, 10**16), passed=st.integers(-(10**13), 10**13))
def test_only_full_days_count(start: int, passed: int) -> None:
    days = whole_days(start, start + passed)
    assert days >= 0
    assert days == 0 or days * DAY_MICROS <= passed < (days + 1) * DAY_MICROS


@on_a_store
@given(
    data=st.data(),
    bases=st.lists(balances, min_size=1, max_size=30),
    rate=st.sampled_from([0.01, 0.003, 0.5, 1.0]),
)
async def test_sql_and_python_agree_to_the_last_unit_however_often_decay_is_written_down(
    data: st.DataObject,
    bases: list[int],
    rate: float,
    database: Database,
    make_config: Callable[..., Config],
) -> None:
    await emptied(database)
    ledger = SalienceLedger(database, make_config(salience={"decay_per_day": rate}))
    fades = {TopicKey.user(100 + place): data.draw(moments) for place in range(len(bases))}
    async with database.write() as connection:
        await connection.execute(
            insert(topic),
            [
                {
                    "key": str(key),
                    "category": "user",
                    "budget_group": "global",
                    "balance": base,
                    "decay_base": base,
                    "decay_from": START + fade,
                    "last_activity_at": START,
                    "new_material": 0,
                    "insight_count": 0,
                    "created_at": START,
                }
                for (key, fade), base in zip(fades.items(), bases, strict=True)
            ],
        )
    times = sorted(data.draw(st.lists(moments, min_size=1, max_size=4)))
    for passed in times:
        await ledger.decay(START + passed)
    told = {
        str(key): decayed(base, max(0, (times[-1] - fade) // timedelta(days=1)), 1.0 - rate)
        for (key, fade), base in zip(fades.items(), bases, strict=True)
    }
    assert {key: one.balance for key, one in (await stored(database)).items()} == told
