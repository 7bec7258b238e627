"""The drawing of a run's topics over time."""

from __future__ import annotations

import re

import pytest

from zos.web.charts.waterfall import Bar, waterfall


def bar(span: tuple[float, float] | None, note: str = "3 s", *calls: tuple[float, float]) -> Bar:
    return Bar("#target-1", "tea: success", note, "good", span, calls)


def test_a_bar_is_as_long_as_its_topic_took_and_shows_its_calls() -> None:
    drawn = waterfall([bar((0, 10), "half", (0, 5))], 20, "Topics")
    whole = re.search(r'class="bar mark good" x="([\d.]+)"[^>]*width="([\d.]+)"', drawn)
    call = re.search(r'class="call mark good" x="([\d.]+)"[^>]*width="([\d.]+)"', drawn)
    assert whole is not None
    assert call is not None
    assert whole[1] == call[1] == "8"
    assert float(whole[2]) == pytest.approx(2 * float(call[2]), abs=0.2)
    assert float(whole[2]) == pytest.approx((860 - 20) / 2, abs=0.2)


def test_a_topic_that_was_not_begun_says_why() -> None:
    drawn = waterfall([bar(None, "the <budget> ended")], 20, "Topics")
    assert "<rect" not in drawn
    assert "the &lt;budget&gt; ended" in drawn


def test_a_note_stands_where_there_is_room_for_it() -> None:
    drawn = waterfall([bar((0, 1), "early"), bar((18, 20), "late")], 20, "Topics")
    assert re.search(r'text-anchor="start">early<', drawn)
    assert re.search(r'text-anchor="end">late<', drawn)


def test_a_moment_is_still_seen() -> None:
    assert 'width="2"' in waterfall([bar((5, 5))], 20, "Topics")


@pytest.mark.parametrize(
    ("seconds", "first", "last"),
    [(0.2, "0 s", "1 s"), (7, "0 s", "7 s"), (90, "0 s", "1 min 30 s"), (864_000, "0 s", "10 d")],
)
def test_the_axis_has_few_round_steps(seconds: float, first: str, last: str) -> None:
    written = re.findall(r"<text[^>]*>([^<]+)</text>", waterfall([], seconds, "Topics"))
    assert (written[0], written[-1]) == (first, last)
    assert len(written) <= 9
