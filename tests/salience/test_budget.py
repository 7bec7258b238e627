"""How a day's budget is shared, lent and bounded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from tests.salience.made import micro

from zos.config.salience import BudgetConfig
from zos.core.topics import BudgetGroup
from zos.salience.budget import Budget, Pot, Purse

SOCIAL, GLOBAL, SPACES = BudgetGroup.SOCIAL, BudgetGroup.GLOBAL, BudgetGroup.SPACES
SEMANTIC, CULTURE, SELF = BudgetGroup.SEMANTIC, BudgetGroup.CULTURE, BudgetGroup.SELF
EVERYTHING = frozenset(BudgetGroup)


def everywhere(*servers: int) -> frozenset[Purse]:
    in_servers = {(group, one) for group in EVERYTHING - {GLOBAL, SELF} for one in servers}
    return frozenset(in_servers | {(GLOBAL, None), (SELF, None)})


def pot(
    group: BudgetGroup,
    server_id: int | None = 1,
    *,
    servers: Iterable[int] = (1,),
    demand: AbstractSet[Any] | None = None,
    served: AbstractSet[BudgetGroup] = EVERYTHING,
    used: Mapping[Any, int] | None = None,
    config: BudgetConfig | None = None,
) -> Pot:
    asked = everywhere(*servers) if demand is None else demand
    budget = Budget(
        config or BudgetConfig(), servers=servers, demand=asked, served=served, used=used or {}
    )
    return budget.pot((group, server_id))


def test_where_every_group_has_something_to_do_each_has_its_share() -> None:
    shares = {SOCIAL: 60.0, SPACES: 60.0, SEMANTIC: 30.0, CULTURE: 20.0}
    for group, points in shares.items():
        assert (pot(group).left, pot(group).lent) == (micro(points), 0)
    assert pot(GLOBAL, None).left == micro(30.0)


def test_idle_groups_lend_in_proportion_to_the_shares_of_those_that_want() -> None:
    # Spaces and culture are idle: 80 for social, semantic and global, who have 60, 30 and 30.
    demand = {(SOCIAL, 1), (SEMANTIC, 1), (GLOBAL, None)}
    assert pot(SOCIAL, demand=demand).lent == micro(40.0)
    assert pot(SEMANTIC, demand=demand).lent == micro(20.0)
    assert pot(GLOBAL, None, demand=demand).lent == micro(20.0)


def test_a_group_without_an_enabled_layer_is_idle_whatever_its_topics() -> None:
    assert pot(SPACES, served={SOCIAL, SPACES}).lent == micro(40.0)
    assert pot(SOCIAL, served={SOCIAL}).left == micro(200.0)


def test_what_the_day_has_spent_is_gone() -> None:
    assert pot(SOCIAL, used={(SOCIAL, 1): micro(25.0)}).left == micro(35.0)
    assert pot(SOCIAL, used={(SOCIAL, 1): micro(75.0)}).left == 0
    assert pot(SOCIAL, servers=(1, 2), used={(SOCIAL, 2): micro(25.0)}).left == micro(60.0)


def test_an_idle_group_lends_only_what_it_has_not_spent() -> None:
    demand = {(SOCIAL, 1)}
    used = {(SPACES, 1): micro(60.0), (CULTURE, 1): micro(5.0)}
    assert pot(SOCIAL, demand=demand, used=used).lent == micro(30.0 + 30.0 + 15.0)


def test_loans_never_take_a_server_beyond_its_day() -> None:
    # Spaces, alone in the morning, borrowed and spent 190; now social wakes up.
    used = {(SPACES, 1): micro(190.0)}
    assert pot(SOCIAL, used=used).left == micro(10.0)


def test_servers_have_days_of_their_own() -> None:
    used = {(SOCIAL, 1): micro(60.0)}
    assert pot(SOCIAL, 1, servers=(1, 2), used=used).left == 0
    assert pot(SOCIAL, 2, servers=(1, 2), used=used).left == micro(60.0)


def test_the_global_pot_is_filled_from_every_server() -> None:
    assert pot(GLOBAL, None, servers=(1, 2, 3)).left == micro(90.0)
    used = {(GLOBAL, None): micro(40.0)}
    assert pot(GLOBAL, None, servers=(1, 2, 3), used=used).left == micro(50.0)
    alone = {(GLOBAL, None)}
    assert pot(GLOBAL, None, servers=(), demand=alone).left == micro(200.0)


def test_what_global_topics_have_spent_counts_in_every_servers_day() -> None:
    used = {(GLOBAL, None): micro(380.0)}
    assert pot(SOCIAL, 1, servers=(1, 2), used=used).left == micro(10.0)


def test_the_self_topics_have_a_pot_of_their_own() -> None:
    used = {(SELF, None): micro(20.0), (SOCIAL, 1): micro(200.0)}
    assert pot(SELF, None, used=used).left == micro(30.0)
    assert pot(SELF, None, used={(SELF, None): micro(70.0)}).left == 0


def test_a_group_without_a_share_has_nothing_and_borrows_nothing() -> None:
    config = BudgetConfig(groups={SOCIAL: 1.0})
    assert pot(CULTURE, config=config, demand={(CULTURE, 1)}).left == 0
    nobody = BudgetConfig(groups={})
    assert pot(CULTURE, config=nobody).left == 0


def test_a_pot_tells_its_sum() -> None:
    told = str(pot(SOCIAL, demand={(SOCIAL, 1)}, used={(SOCIAL, 1): micro(12.0)}))
    assert told == (
        "social in server 1: 188.0 left, of a share of 60.0 and 140.0 lent, 12.0 used today"
    )
    assert str(pot(SELF, None)).startswith("self: 50.0 left")
