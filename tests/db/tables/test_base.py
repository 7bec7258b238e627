"""Times in the tables: exact to the microsecond, aware, and in UTC whatever zone they came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select

from zos.db.engine import Database
from zos.db.tables import server
from zos.db.tables.base import from_micros, to_micros

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.builds(
    lambda since, zone: (EPOCH + since).astimezone(zone),
    st.timedeltas(timedelta(days=-700_000), timedelta(days=2_900_000)),
    zones,
)


@given(moments)
def test_a_time_comes_back_exactly_and_in_utc(moment: datetime) -> None:
    back = from_micros(to_micros(moment))
    assert back == moment
    assert back.tzinfo is UTC


@given(moments, moments)
def test_stored_times_sort_as_times_do(one: datetime, other: datetime) -> None:
    assert (to_micros(one) < to_micros(other)) == (one < other)


def test_a_time_without_zone_is_refused() -> None:
    naive = datetime(2026, 3, 2, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(TypeError, match="naive"):
        to_micros(naive)


async def test_a_column_holds_times_and_their_absence(database: Database) -> None:
    moment = datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=timezone(timedelta(hours=-3)))
    rows = [
        {"id": 1, "name": "a", "joined_at": moment},
        {"id": 2, "name": "b", "joined_at": None},
    ]
    async with database.write() as connection:
        await connection.execute(insert(server), rows)
    async with database.read() as connection:
        query = select(server.c.joined_at).order_by(server.c.id)
        stored = (await connection.execute(query)).scalars().all()
        earlier = await connection.scalar(
            select(server.c.id).where(server.c.joined_at < moment + timedelta(microseconds=1))
        )
    assert stored == [moment, None]
    assert stored[0] is not None
    assert stored[0].tzinfo is UTC
    assert earlier == 1
