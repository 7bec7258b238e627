"""Consent: a no is stronger than any mode, silence is what the mode says, a yes is a yes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zos.core.consent import ConsentMode, ConsentView

members = st.integers(1, 20)
groups = st.frozensets(members, max_size=10)
views = st.builds(ConsentView, st.sampled_from(ConsentMode), groups, groups)


@given(views, members)
def test_a_no_is_stronger_than_anything(view: ConsentView, member: int) -> None:
    refused = ConsentView(view.mode, view.granted | {member}, view.denied | {member})
    assert not refused.allows(member)


@given(views, members)
def test_a_yes_without_a_no_is_a_yes_in_every_mode(view: ConsentView, member: int) -> None:
    assert ConsentView(view.mode, view.granted | {member}, view.denied - {member}).allows(member)


@pytest.mark.parametrize(
    ("mode", "allowed"),
    [(ConsentMode.OPT_IN, False), (ConsentMode.ROLE, False), (ConsentMode.OPT_OUT, True)],
)
def test_silence_means_what_the_mode_says(mode: ConsentMode, allowed: bool) -> None:
    assert ConsentView(mode, frozenset(), frozenset()).allows(1) is allowed


@given(views, groups)
def test_a_group_is_allowed_when_each_of_it_is(view: ConsentView, group: frozenset[int]) -> None:
    assert view.allows_all(group) == (not [one for one in group if not view.allows(one)])
