"""A target filter means the same in Python and in SQL, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert
from tests.property.stores import emptied, on_a_store
from tests.property.worlds import START

from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import topic
from zos.salience.conditions import FilterField
from zos.salience.retrieval import sql_of
from zos.salience.store import VIEW, view_of
from zos.salience.target_filter import TargetFilter

NOW = START + timedelta(days=3)

_numbers = st.sampled_from(["0", "1", "2", "3", "0.1", "1.5", "2.000001", "30", "999999999999"])
_signs = st.sampled_from(["<", "<=", ">", ">=", "=", "!="])
_comparisons = st.builds(
    lambda field, sign, number: f"{field} {sign} {number}",
    st.sampled_from(list(FilterField)),
    _signs,
    _numbers,
)
filters = st.recursive(
    _comparisons,
    lambda inner: st.one_of(
        inner.map(lambda text: f"NOT ({text})"),
        st.lists(inner, min_size=2, max_size=3).map(
            lambda parts: " AND ".join(f"({part})" for part in parts)
        ),
        st.lists(inner, min_size=2, max_size=3).map(
            lambda parts: " OR ".join(f"({part})" for part in parts)
        ),
    ),
    max_leaves=6,
)
moments = st.sampled_from([timedelta(), timedelta(days=1), timedelta(days=1, microseconds=1)]).map(
    lambda ago: NOW - ago
)


@st.composite
def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    return [
        {
            "key": str(TopicKey.user(place + 1)),
            "category": "user",
            "budget_group": "global",
            "balance": draw(st.sampled_from([0, 100_000, 1_500_000, 2_000_001, 30_000_000])),
            "decay_base": 0,
            "decay_from": START,
            "last_activity_at": draw(moments),
            "last_reflected_at": draw(st.none() | moments),
            "new_material": draw(st.integers(0, 3)),
            "insight_count": draw(st.integers(0, 3)),
            "created_at": START,
        }
        for place in range(draw(st.integers(1, 12)))
    ]


@on_a_store
@given(text=filters, topics=rows())
async def test_sql_finds_exactly_the_topics_that_pass(
    text: str, topics: list[dict[str, Any]], database: Database
) -> None:
    await emptied(database)
    parsed = TargetFilter.parse(text)
    async with database.write() as connection:
        await connection.execute(insert(topic), topics)
        everything = [view_of(row) for row in await connection.execute(VIEW)]
        found = await connection.execute(VIEW.where(sql_of(parsed.condition, NOW)))
        by_sql = {view_of(row).key for row in found}
    assert by_sql == {one.key for one in everything if parsed.passes(one, NOW)}
