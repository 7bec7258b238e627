"""The curve of a topic: a step for each change, a link for each reflection."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from zos.salience.model import EntryKind, LedgerEntry
from zos.views.curve import curve_of
from zos.web.charts.salience import salience_curve

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MICRO = 1_000_000


def drawn(*amounts: tuple[EntryKind, float], cap: float = 150, run: str = "RUN") -> Markup:
    entries = [
        LedgerEntry(number, kind, round(points * MICRO), NOON + timedelta(hours=number), "b", run)
        for number, (kind, points) in enumerate(amounts)
    ]
    balance = sum(one.amount_micro for one in entries)
    until = NOON + timedelta(hours=len(amounts))
    return salience_curve(
        curve_of(entries, balance),
        cap=cap,
        until=until,
        zone=ZoneInfo("UTC"),
        run=lambda run_id: f"/runs/{run_id}",
    )


def line_of(svg: str) -> str:
    found = re.search(r'class="line" d="([^"]+)"', svg)
    assert found is not None
    return found[1]


def test_each_change_is_a_step_and_the_last_value_goes_on_until_now() -> None:
    svg = drawn((EntryKind.MESSAGE, 2), (EntryKind.REPLY, 2))
    assert line_of(svg) == "M36.0 204.0H36.0V109.0H532.0V14.0H1028.0"
    assert 'aria-label="Salience: at most 4.0, now 4.0"' in svg


def test_a_reflection_is_a_link_to_its_run() -> None:
    svg = drawn((EntryKind.MESSAGE, 5), (EntryKind.SPENT, -3), run='"><script>')
    assert svg.count("<a ") == 1
    assert "3.0 spent" in svg
    assert "<script>" not in svg


def test_the_cap_is_drawn_where_it_is_in_sight() -> None:
    assert "at most 6.0" in drawn((EntryKind.MESSAGE, 5), cap=6)
    assert 'class="cap"' not in drawn((EntryKind.MESSAGE, 5), cap=150)


def test_a_topic_with_one_change_that_is_zero_has_a_curve_too() -> None:
    assert line_of(drawn((EntryKind.MESSAGE, 0))).startswith("M")
