"""The drawing of slots over some weeks."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from zos.web.charts.timeline import Mark, span_of, timeline

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def mark(
    at: datetime, tone: str = "good", path: str | None = "/runs/1", hours: int = 0, title: str = "a"
) -> Mark:
    return Mark(path, title, tone, at, at + hours * HOUR)


def test_the_span_is_of_whole_local_days_across_the_change_of_the_clock() -> None:
    span = span_of(NOW.date(), NOW, BERLIN, 14)
    assert (span.start.isoformat(), span.end.isoformat()) == (
        "2026-03-13T00:00:00+01:00",
        "2026-04-11T00:00:00+02:00",
    )


def test_every_day_has_its_number_and_months_their_names() -> None:
    drawn = timeline([], span_of(NOW.date(), NOW, BERLIN, 14), "Fires")
    numbers = re.findall(r'text-anchor="middle">(\d+)<', drawn)
    assert numbers == [*map(str, range(13, 32)), *map(str, range(1, 11))]
    assert re.findall(r'class="name"[^>]*>(\w+)<', drawn) == ["March", "April"]
    assert drawn.count('class="weekend"') == 8
    assert 'class="today"' in drawn


def test_a_mark_is_a_link_that_says_what_it_is() -> None:
    drawn = timeline([[mark(NOW, title="<x> & y")]], span_of(NOW.date(), NOW, BERLIN, 14), "Fires")
    assert '<a href="/runs/1"><title>&lt;x&gt; &amp; y</title><circle class="mark good"' in drawn


def test_what_is_to_come_leads_nowhere() -> None:
    drawn = timeline([[mark(NOW, "faint", None)]], span_of(NOW.date(), NOW, BERLIN, 14), "Fires")
    assert "<a " not in drawn
    assert "<g><title>a</title><circle" in drawn


def test_failures_differ_in_shape_and_several_slots_are_a_bar() -> None:
    marks = [mark(NOW, "bad"), mark(NOW - 48 * HOUR, "warn hollow", hours=40)]
    drawn = timeline([marks], span_of(NOW.date(), NOW, BERLIN, 14), "Fires")
    widths = dict(re.findall(r'<rect class="mark ([^"]+)"[^>]* width="([\d.]+)"', drawn))
    assert widths["bad"] == "10"
    assert float(widths["warn hollow"]) > 40


def test_a_mark_beyond_the_days_is_drawn_at_the_edge() -> None:
    early = mark(NOW - timedelta(days=90), hours=1)
    drawn = timeline([[early]], span_of(NOW.date(), NOW, BERLIN, 14), "Fires")
    assert 'class="mark good" cx="8"' in drawn


def test_other_fortnights_have_no_present() -> None:
    earlier = NOW.date() - timedelta(days=28)
    assert 'class="now"' in timeline([], span_of(NOW.date(), NOW, BERLIN, 14), "Fires")
    assert 'class="now"' not in timeline([], span_of(earlier, NOW, BERLIN, 14), "Fires")
