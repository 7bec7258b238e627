"""The bars of days: one part for each model, each bar a link to its calls."""

from __future__ import annotations

from datetime import date, timedelta

from zos.web.charts.costs import DayBar, cost_bars


def bars(*days: tuple[float, ...], title: str = "a day") -> list[DayBar]:
    first = date(2026, 3, 1)
    return [
        DayBar(first + timedelta(days=number), title, f"/costs/calls?first={number}&last=x", parts)
        for number, parts in enumerate(days)
    ]


def test_a_bar_has_a_part_for_each_model_that_cost_something() -> None:
    svg = cost_bars(bars((1, 3), (0, 2)), "Costs")
    assert svg.count("<a ") == 2
    assert svg.count("series-0") == 1
    assert svg.count("series-1") == 2
    assert 'y="150.5" width="36" height="45.5"' in svg
    assert 'y="14" width="36" height="136.5"' in svg
    assert "$4.00" in svg


def test_titles_and_paths_are_escaped() -> None:
    svg = cost_bars(bars((1,), title="<script>"), "Costs")
    assert "<script>" not in svg
    assert "first=0&amp;last=x" in svg


def test_many_days_have_few_dates_and_the_last_is_among_them() -> None:
    svg = cost_bars(bars(*[(1.0,)] * 365), "Costs")
    assert svg.count('text-anchor="middle"') <= 12
    assert "28 Feb" in svg


def test_days_without_costs_still_have_an_axis() -> None:
    assert "$1.00" in cost_bars(bars((0.0,)), "Costs")
