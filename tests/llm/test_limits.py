from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos.config.model import SpendLimits
from zos.core.errors import BudgetError
from zos.llm.limits import Spent, check_limits, spending_window

NO_LIMITS = SpendLimits(per_run_usd=None, per_day_usd=None, per_month_usd=None)


@given(st.integers(0, 10_000_000), st.integers(0, 10_000_000), st.integers(0, 10_000_000))
def test_a_limit_is_broken_exactly_when_it_is_passed(limit: int, spent: int, cost: int) -> None:
    limits = NO_LIMITS.model_copy(update={"per_day_usd": limit / 1_000_000})
    if spent + cost > limit:
        with pytest.raises(BudgetError):
            check_limits(limits, Spent(day=spent), cost, max_run_cost_usd=None)
    else:
        check_limits(limits, Spent(day=spent), cost, max_run_cost_usd=None)


def test_without_limits_everything_passes() -> None:
    everything = Spent(run=10**12, day=10**12, month=10**12, server_day=10**12)
    check_limits(NO_LIMITS, everything, 10**12, max_run_cost_usd=None)


def test_the_error_says_which_limit_and_how_much() -> None:
    limits = SpendLimits(per_day_usd=5.0)
    with pytest.raises(BudgetError) as caught:
        check_limits(limits, Spent(day=4_999_900), 1_250_000, max_run_cost_usd=None)
    assert str(caught.value) == (
        "The limit for a run of 1.00 US dollars is reached: 0.00 are spent or reserved, and this may "
        "cost 1.25. Raise models.limits.per_run_usd if that is too little."
    )
    with pytest.raises(BudgetError, match=r"day of 5\.00 US dollars is reached: 4\.9999 are"):
        check_limits(limits, Spent(day=4_999_900), 101, max_run_cost_usd=None)


def test_the_window_begins_at_local_midnight() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    window = spending_window(datetime(2026, 3, 31, 22, 30, tzinfo=UTC), berlin, SpendLimits())
    assert window.day == window.month == window.since == datetime(2026, 3, 31, 22, tzinfo=UTC)
    later = spending_window(datetime(2026, 4, 2, 12, tzinfo=UTC), berlin, SpendLimits())
    assert (later.day, later.since) == (
        datetime(2026, 4, 1, 22, tzinfo=UTC),
        datetime(2026, 3, 31, 22, tzinfo=UTC),
    )


def test_without_a_months_limit_only_the_day_is_read() -> None:
    window = spending_window(datetime(2026, 4, 2, 12, tzinfo=UTC), ZoneInfo("UTC"), NO_LIMITS)
    assert window.since == datetime(2026, 4, 2, tzinfo=UTC)
