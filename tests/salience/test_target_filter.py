"""The target filter's grammar, its meaning and its errors."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from tests.salience.made import START, micro

from zos.core.errors import FilterError
from zos.core.topics import TopicKey
from zos.salience.model import TopicView
from zos.salience.target_filter import TargetFilter


def view(
    salience: float = 0.0,
    *,
    reflected: timedelta | None = None,
    active: timedelta = timedelta(),
    insights: int = 0,
    material: int = 0,
) -> TopicView:
    def ago(passed: timedelta | None) -> datetime | None:
        return None if passed is None else START - passed

    return TopicView(
        id=1,
        key=TopicKey.user(1),
        balance_micro=micro(salience),
        new_material=material,
        insight_count=insights,
        last_activity_at=START - active,
        last_reflected_at=ago(reflected),
        created_at=START,
    )


def passes(text: str, topic: TopicView) -> bool:
    return TargetFilter.parse(text).passes(topic, START)


def test_the_empty_filter_passes_everything() -> None:
    assert passes("", view())
    assert passes("  \n", view())


@pytest.mark.parametrize(
    ("sign", "outcome"),
    [
        (">", (False, False, True)),
        (">=", (False, True, True)),
        ("<", (True, False, False)),
        ("<=", (True, True, False)),
        ("=", (False, True, False)),
        ("==", (False, True, False)),
        ("!=", (True, False, True)),
    ],
)
def test_the_signs_mean_what_they_mean(sign: str, outcome: tuple[bool, bool, bool]) -> None:
    held = tuple(passes(f"salience {sign} 30", view(points)) for points in (29.9, 30.0, 30.1))
    assert held == outcome


def test_and_binds_tighter_than_or() -> None:
    text = "salience > 30 AND last_reflected_days_ago > 1 OR insight_count < 3"
    recent = timedelta(hours=3)
    assert passes(text, view(31.0, insights=9))
    assert not passes(text, view(31.0, insights=9, reflected=recent))
    assert passes(text, view(0.0, insights=2, reflected=recent))
    assert not passes(
        "salience > 30 AND (last_reflected_days_ago > 1 OR insight_count < 3)", view()
    )


def test_not_and_brackets() -> None:
    assert passes("NOT salience > 5", view(5.0))
    assert not passes("not (salience > 5 or new_material >= 1)", view(1.0, material=1))
    assert passes("NOT NOT new_material = 2", view(material=2))


def test_days_are_counted_to_the_moment_and_never_is_infinitely_long_ago() -> None:
    assert passes("last_reflected_days_ago > 100000", view())
    assert passes("last_reflected_days_ago != 1", view())
    assert not passes("last_reflected_days_ago < 100000", view())
    assert passes("last_reflected_days_ago >= 1.5", view(reflected=timedelta(hours=36)))
    assert not passes("last_reflected_days_ago > 1.5", view(reflected=timedelta(hours=36)))
    assert passes("last_activity_days_ago < 2", view(active=timedelta(days=1)))


def test_words_and_fields_may_be_in_any_case() -> None:
    assert passes("SALIENCE > 1 and Insight_Count = 0", view(2.0))


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("salienc > 3", 1, "there is no field 'salienc'. Did you mean salience?"),
        ("salience > 3 AND xyzzy > 1", 18, "there is no field 'xyzzy'. Known: salience"),
        ("salience 3", 10, "one of > >= < <= = != is missing before '3'"),
        ("salience ! 3", 10, "one of > >= < <= = != is missing before '!'"),
        ("salience >", 11, "a number is missing before its end"),
        ("salience > x", 12, "a number is missing before 'x'"),
        ("(salience > 3", 14, "a closing bracket is missing before its end"),
        ("salience > 3 4", 14, "AND, OR or the end is missing before '4'"),
        ("salience > 3)", 13, "AND, OR or the end is missing before ')'"),
        ("salience > 3 AND", 17, "a field is missing before its end"),
        ("> 3", 1, "a field is missing before '>'"),
        ("salience > 3 & x", 14, "nothing known begins here"),
        ("salience > -3", 12, "nothing known begins here"),
        ("(" * 30 + "salience > 3" + ")" * 30, 21, "it is nested too deeply"),
        ("NOT " * 30 + "salience > 3", 81, "it is nested too deeply"),
        ("salience > 3 OR " * 100, 1_001, "it is longer than 1000 characters"),
    ],
)
def test_an_error_names_the_place_and_the_way_out(text: str, position: int, problem: str) -> None:
    with pytest.raises(FilterError) as caught:
        TargetFilter.parse(text)
    assert f"at character {position}: {problem}" in str(caught.value)
    assert caught.value.hint
