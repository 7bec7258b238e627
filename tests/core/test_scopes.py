"""The strictest source decides who may see."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from zos.core.scopes import Scope, strictest

scopes = st.lists(st.sampled_from(Scope), max_size=6)


@given(scopes)
def test_one_private_source_makes_the_whole_private(some: list[Scope]) -> None:
    assert strictest([*some, Scope.DM]) is Scope.DM


@given(scopes)
def test_the_result_is_one_of_the_sources_and_none_is_stricter(some: list[Scope]) -> None:
    order = [Scope.PUBLIC, Scope.DERIVED, Scope.DM]
    assert strictest(some) in (some or [Scope.PUBLIC])
    assert order.index(strictest(some)) == max(map(order.index, some), default=0)


@given(scopes, scopes)
def test_joining_in_steps_is_joining_at_once(some: list[Scope], more: list[Scope]) -> None:
    assert strictest([strictest(some), strictest(more)]) is strictest(some + more)
