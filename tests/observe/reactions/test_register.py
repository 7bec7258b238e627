from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos.observe.reactions.register import Change, Standing, settle

T = [datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=n) for n in range(8)]

changes = st.builds(Change, st.sampled_from(T), st.booleans())


def gave(at: int) -> Change:
    return Change(T[at], given=True)


def took(at: int) -> Change:
    return Change(T[at], given=False)


@pytest.mark.parametrize(
    ("told", "standing"),
    [
        ([], None),
        ([took(1)], None),
        ([gave(1)], Standing(T[1])),
        ([gave(1), took(2)], Standing(T[1], T[2])),
        ([gave(1), took(1)], Standing(T[1], T[1])),
        ([gave(1), took(2), gave(3)], Standing(T[3])),
        ([gave(1), gave(2)], Standing(T[1])),
        ([gave(1), took(2), took(3)], Standing(T[1], T[2])),
        ([gave(2), took(1)], Standing(T[2])),
        ([gave(1), took(2), gave(2)], Standing(T[1], T[2])),
    ],
)
def test_time_decides_how_a_reaction_stands(told: list[Change], standing: Standing | None) -> None:
    assert settle(None, told) == standing


@given(st.lists(changes), st.lists(changes))
def test_what_is_told_in_order_settles_alike_at_once_and_bit_by_bit(
    one: list[Change], other: list[Change]
) -> None:
    told = sorted((*one, *other), key=lambda change: (change.at, not change.given))
    step = None
    for change in told:
        step = settle(step, [change])

    assert settle(None, told) == step


@given(st.lists(changes))
def test_telling_it_again_changes_nothing(told: list[Change]) -> None:
    standing = settle(None, told)

    assert settle(standing, told) == standing
