"""Local days in SQL are the days of the wall clock, also where clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import BigInteger, literal, select

from zos.db.engine import Database
from zos.db.tables.base import to_micros
from zos.views.local_days import LocalDays


@pytest.mark.parametrize(
    ("zone", "first"),
    [
        ("Europe/Berlin", date(2026, 3, 26)),
        ("Europe/Berlin", date(2026, 10, 22)),
        ("Australia/Lord_Howe", date(2026, 4, 1)),
        ("Asia/Kathmandu", date(2026, 1, 1)),
    ],
)
async def test_every_hour_of_a_range_is_on_its_own_day(
    database: Database, zone: str, first: date
) -> None:
    days = LocalDays(first, 7, ZoneInfo(zone))
    moments = [days.since.astimezone(UTC) + timedelta(hours=hour) for hour in range(7 * 24 - 1)]
    moments += [days.midnight(number).astimezone(UTC) for number in range(7)]
    moments += [one - timedelta(microseconds=1) for one in moments[-6:]]
    columns = [
        days.number_of(literal(to_micros(moment), BigInteger)).label(f"at_{number}")
        for number, moment in enumerate(moments)
    ]
    async with database.read() as connection:
        found = (await connection.execute(select(*columns))).one()
    assert [days.date(number) for number in found] == [
        moment.astimezone(ZoneInfo(zone)).date() for moment in moments
    ]


def test_a_range_ends_with_the_day_of_now() -> None:
    now = datetime(2026, 3, 30, 22, 30, tzinfo=UTC)
    days = LocalDays.until(now, 2, ZoneInfo("Europe/Berlin"))
    assert (days.first, days.date(1)) == (date(2026, 3, 30), date(2026, 3, 31))
    assert days.since.isoformat() == "2026-03-30T00:00:00+02:00"
    assert days.end.isoformat() == "2026-04-01T00:00:00+02:00"
