"""Where values stand in a chart, and which of them are written beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos.web.charts.axes import Axis, days_between, round_steps

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)


def test_an_axis_goes_from_its_start_to_its_end_and_stands_still_without_a_length() -> None:
    assert [Axis(0, 10, 100, 0).at(one) for one in (0, 2.5, 10)] == [100, 75, 0]
    assert Axis(5, 5, 30, 90).at(5) == 30


@pytest.mark.parametrize(
    ("high", "steps"),
    [
        (0, [0, 1]),
        (3.9, [0, 1, 2, 3, 4]),
        (100, [0, 25, 50, 75, 100]),
        (0.0021, [0, 0.001, 0.002, 0.003]),
    ],
)
def test_steps_are_round_numbers_that_reach_the_highest(high: float, steps: list[float]) -> None:
    assert round_steps(high, about=4) == steps


@given(st.floats(1e-6, 1e9), st.integers(2, 8))
def test_steps_are_few_and_the_last_is_not_far_above_the_highest(high: float, about: int) -> None:
    steps = round_steps(high, about=about)
    assert 2 <= len(steps) <= about + 2
    assert high * 0.99 <= steps[-1] <= high * 2.6


def test_dates_are_local_midnights_also_across_a_change_of_clocks() -> None:
    days = days_between(START, START + timedelta(days=20), BERLIN, at_most=11)
    assert [(one.day, one.hour) for one in days[:2]] == [(22, 0), (24, 0)]
    assert {one.utcoffset() for one in days} == {timedelta(hours=1), timedelta(hours=2)}
    assert len(days) <= 11


def test_a_very_long_time_still_has_few_dates() -> None:
    assert len(days_between(START, START + timedelta(days=4_000), BERLIN, at_most=8)) <= 8
    assert days_between(START, START + timedelta(hours=2), BERLIN, at_most=8) == []
