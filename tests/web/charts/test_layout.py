"""Where people stand in a graph of ties."""

from __future__ import annotations

from math import hypot

from hypothesis import given
from hypothesis import strategies as st

from zos.web.charts.layout import around, spread

TIES = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda pair: pair[0] < pair[1]),
    unique=True,
    max_size=80,
)


def people_in(ties: list[tuple[int, int]]) -> list[int]:
    return sorted({one for pair in ties for one in pair})


def test_those_with_the_strongest_ties_are_neighbours() -> None:
    order = around([1, 2, 3, 4, 5], [(1, 3), (2, 4), (3, 5), (1, 2)])
    assert "".join(map(str, order)) in {"53124", "42135"}


def test_a_chain_never_closes_and_nobody_is_put_in_its_midst() -> None:
    assert sorted(around([1, 2, 3, 4], [(1, 2), (2, 3), (1, 3), (2, 4)])) == [1, 2, 3, 4]


@given(TIES)
def test_everybody_stands_once_on_the_circle(ties: list[tuple[int, int]]) -> None:
    people = people_in(ties)
    assert sorted(around(people, ties)) == people


@given(TIES)
def test_everybody_has_a_place_of_their_own(ties: list[tuple[int, int]]) -> None:
    people = people_in(ties)
    places = spread(people, ties)
    assert sorted(places) == people
    assert len(set(places.values())) == len(people)
    assert places == spread(people, ties)


def test_a_person_stands_outward_of_whom_they_have_their_strongest_tie_with() -> None:
    places = spread([1, 2, 3, 4], [(1, 2), (2, 3), (1, 3), (1, 4)])
    assert [round(hypot(*places[one])) for one in (1, 2, 3, 4)] == [0, 1, 2, 1]


def test_groups_that_have_nothing_to_do_with_each_other_stand_around_the_middle() -> None:
    places = spread([1, 2, 3, 4], [(1, 2), (3, 4)])
    assert [round(hypot(*places[one])) for one in (1, 3, 2, 4)] == [1, 1, 2, 2]
