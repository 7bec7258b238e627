"""The decay formula by example."""

from __future__ import annotations

import pytest
from tests.salience.made import micro

from zos.salience.decay import DAY_MICROS, decayed, whole_days


@pytest.mark.parametrize(
    ("days", "left"), [(0, 100.0), (1, 99.0), (7, 93.206534), (100, 36.603234), (5_000, 0.0)]
)
def test_a_day_takes_a_hundredth_of_what_is_left(days: int, left: float) -> None:
    assert decayed(micro(100.0), days, 0.99) == micro(left)


def test_a_day_counts_when_it_is_full() -> None:
    assert whole_days(0, DAY_MICROS - 1) == 0
    assert whole_days(0, DAY_MICROS) == 1
    assert whole_days(DAY_MICROS, 0) == 0
