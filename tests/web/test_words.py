"""How values are written for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from zos.web import words

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
BERLIN, LONDON = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("usd", "written"),
    [
        (None, "–"),
        (0, "$0.00"),
        (1_234.5, "$1,234.50"),
        (0.0042, "$0.0042"),
        (0.00004, "$0.000040"),
    ],
)
def test_money_shows_what_cents_would_hide(usd: float | None, written: str) -> None:
    assert words.money(usd) == written


@pytest.mark.parametrize(("number", "written"), [(None, "–"), (0, "0"), (1_234_567, "1,234,567")])
def test_counts_have_their_thousands_apart(number: int | None, written: str) -> None:
    assert words.count(number) == written


@pytest.mark.parametrize(
    ("salience", "written"), [(None, "–"), (0, "0.0"), (12.34, "12.3"), (0.04, "0.04")]
)
def test_points_show_what_tenths_would_hide(salience: float | None, written: str) -> None:
    assert words.points(salience) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0 B"),
        (1_023, "1,023 B"),
        (1_536, "1.5 KiB"),
        (2**31, "2.0 GiB"),
        (2**60, "1,048,576.0 TiB"),
    ],
)
def test_sizes_have_the_unit_that_fits(number: int, written: str) -> None:
    assert words.size(number) == written


def test_one_is_one_and_more_are_many() -> None:
    assert [words.plural(number, "run") for number in (0, 1, 2)] == ["0 runs", "1 run", "2 runs"]
    assert words.plural(1_000, "try", "tries") == "1,000 tries"
    assert words.sentence("by model") == "By model"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (None, "–"),
        (-1, "0.0 s"),
        (1.44, "1.4 s"),
        (42, "42 s"),
        (185, "3 min 5 s"),
        (3_600, "1 h"),
        (2 * 86_400 + 4 * 3_600 + 59, "2 d 4 h"),
        (float("nan"), "–"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float | None, written: str) -> None:
    assert words.duration(seconds) == written


@pytest.mark.parametrize(
    ("distance", "written"),
    [
        (timedelta(seconds=0.5), "now"),
        (timedelta(seconds=-90), "1 min 30 s ago"),
        (timedelta(hours=3, seconds=20), "in 3 h"),
        (timedelta(days=-9, hours=-5), "9 d ago"),
    ],
)
def test_a_distance_is_as_exact_as_it_matters(distance: timedelta, written: str) -> None:
    assert words.relative(NOW + distance, NOW) == written


def test_times_are_on_the_readers_clock_with_the_year_where_it_is_another() -> None:
    assert words.short_time(NOW, BERLIN, NOW) == "2 Mar 13:00"
    new_year = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    assert words.short_time(new_year, BERLIN, NOW) == "1 Jan 00:30"
    assert words.short_time(new_year, LONDON, NOW) == "31 Dec 2025 23:30"
    assert words.clock(NOW.astimezone(BERLIN)) == "2 Mar 13:00"


def test_a_time_in_full_names_its_zone_and_utc_where_that_is_another() -> None:
    assert words.long_time(NOW, BERLIN) == "Monday 2 March 2026, 13:00:00 CET (12:00:00 UTC)"
    assert words.long_time(NOW, LONDON) == "Monday 2 March 2026, 12:00:00 GMT"
