"""Whatever is asked for: pots are never overdrawn, servers get equal turns, and the order is stable."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from zos.config.salience import BudgetConfig
from zos.core.topics import BudgetGroup, TopicKey
from zos.db.tables import MICRO
from zos.salience.budget import Budget, Purse, purse_of
from zos.salience.model import TopicView
from zos.salience.picking import pick

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
IN_SERVERS = tuple(set(BudgetGroup) - {BudgetGroup.GLOBAL, BudgetGroup.SELF})

servers_ = st.sets(st.integers(1, 6), min_size=1, max_size=4)
amounts = st.integers(0, 120 * MICRO)


@st.composite
def budgets(draw: st.DrawFn) -> tuple[Budget, set[int], dict[Purse, int], set[Purse]]:
    servers = draw(servers_)
    purses: list[Purse] = [(group, one) for group in IN_SERVERS for one in sorted(servers)]
    purses.append((BudgetGroup.GLOBAL, None))
    demand = draw(st.sets(st.sampled_from(purses)))
    used = draw(st.dictionaries(st.sampled_from(purses), amounts))
    served = draw(st.sets(st.sampled_from(list(BudgetGroup))))
    return (
        Budget(BudgetConfig(), servers=servers, demand=demand, served=served, used=used),
        servers,
        used,
        {one for one in demand if one[0] in served},
    )


@given(made=budgets())
def test_all_pots_of_a_server_together_never_exceed_what_its_day_has_left(
    made: tuple[Budget, set[int], dict[Purse, int], set[Purse]],
) -> None:
    budget, servers, used, wanting = made
    for server_id in servers:
        pots = [budget.pot(one) for one in wanting if one[1] == server_id]
        spent_here = sum(amount for (_, where), amount in used.items() if where == server_id)
        overdrawn = sum(
            max(0, amount - budget.pot(purse).share)
            for purse, amount in used.items()
            if purse[1] == server_id
        )
        left = 200 * MICRO - spent_here + overdrawn
        assert sum(pot.left for pot in pots) <= left
        assert all(0 <= pot.left <= max(0, 200 * MICRO - spent_here) for pot in pots)


@given(
    sizes=st.dictionaries(st.integers(1, 6), st.integers(0, 12), min_size=1),
    left=st.integers(0, 20),
    cost=st.integers(1, 3),
    at_most=st.integers(1, 30),
)
def test_pots_and_limit_hold_and_no_server_is_more_than_one_turn_ahead(
    sizes: dict[int, int], left: int, cost: int, at_most: int
) -> None:
    queues = [
        [
            TopicView(place, TopicKey.user(place + 1, server), 100 - place, 1, 0, NOON, None, NOON)
            for place in range(size)
        ]
        for server, size in sorted(sizes.items())
    ]
    budget = Budget(
        BudgetConfig(total=1e-6 * left, groups={BudgetGroup.SOCIAL: 1.0})
        if left
        else BudgetConfig(groups={}),
        servers=sizes,
        demand=set(),
        served=set(),
        used={},
    )
    pots = [budget.pot(purse_of(BudgetGroup.SOCIAL, server)) for server in sizes]
    picked = pick(queues, pots, cost=cost, at_most=at_most)
    taken = Counter(one.key.server_id for one in picked.chosen)
    assert len(picked.chosen) <= at_most
    assert all(count * cost <= left for count in taken.values())
    assert len(picked.chosen) + len(picked.refused) == sum(sizes.values())
    could = {server: min(size, left // cost) for server, size in sizes.items()}
    for one in sizes:
        for other in sizes:
            behind = taken[other] - taken[one]
            assert behind <= 1 or taken[one] == could[one]
    assert pick(queues, pots, cost=cost, at_most=at_most) == picked
