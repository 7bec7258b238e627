"""ULIDs sort by time and never collide; snowflakes carry theirs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from zos.core.ids import new_ulid, snowflake_time, ulid_floor

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CROCKFORD = set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")
times = st.timedeltas(timedelta(0), timedelta(days=200_000)).map(EPOCH.__add__)


@given(times)
def test_a_ulid_is_26_characters_of_crockfords_alphabet(now: datetime) -> None:
    made = new_ulid(now)
    assert len(made) == 26
    assert set(made) <= CROCKFORD


@given(times, st.timedeltas(timedelta(milliseconds=1), timedelta(days=400)))
def test_a_later_ulid_sorts_later(now: datetime, step: timedelta) -> None:
    assert new_ulid(now) < new_ulid(now + step)


@given(times)
def test_the_zone_of_the_time_does_not_matter(now: datetime) -> None:
    elsewhere = now.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert new_ulid(now)[:10] == new_ulid(elsewhere)[:10]


def test_the_time_part_is_the_published_one() -> None:
    # The specification's own example: 1469918176385 ms is 01ARYZ6S41.
    now = EPOCH + timedelta(milliseconds=1469918176385)
    assert new_ulid(now).startswith("01ARYZ6S41")


@given(times)
def test_the_floor_of_a_moment_is_below_all_its_ulids_and_above_all_earlier_ones(
    now: datetime,
) -> None:
    assert ulid_floor(now) <= new_ulid(now)
    if now - EPOCH >= timedelta(milliseconds=1):
        assert new_ulid(now - timedelta(milliseconds=1)) < ulid_floor(now)


def test_ulids_of_one_moment_differ() -> None:
    now = datetime(2026, 3, 2, tzinfo=UTC)
    assert len({new_ulid(now) for _ in range(1000)}) == 1000


def test_a_snowflake_tells_when_it_was_made() -> None:
    # The example in Discord's reference.
    assert snowflake_time(175928847299117063) == datetime(2016, 4, 30, 11, 18, 25, 796000, UTC)
