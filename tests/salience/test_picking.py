"""Turns: neither a server nor a category starves another."""

from __future__ import annotations

from tests.salience.made import START, micro

from zos.core.topics import BudgetGroup, TopicKey
from zos.salience.budget import Pot, purse_of
from zos.salience.model import TopicView
from zos.salience.picking import Picked, pick


def topic(member: int, server_id: int, points: float) -> TopicView:
    return TopicView(
        member, TopicKey.user(member, server_id), micro(points), 1, 0, START, None, START
    )


def pot(server_id: int, points: float) -> Pot:
    return Pot(purse_of(BudgetGroup.SOCIAL, server_id), 0, 0, 0, micro(points))


def members(picked: Picked) -> list[int]:
    return [one.key.ids[0] for one in picked.chosen]


BIG = [topic(1, 10, 90.0), topic(2, 10, 80.0), topic(3, 10, 70.0)]
SMALL = [topic(4, 20, 5.0), topic(5, 20, 4.0)]


def test_servers_take_turns_however_much_louder_one_is() -> None:
    picked = pick([BIG, SMALL], [pot(10, 99), pot(20, 99)], cost=micro(1.0), at_most=10)
    assert members(picked) == [1, 4, 2, 5, 3]
    assert picked.refused == ()


def test_the_layers_limit_cuts_all_servers_alike_and_says_so() -> None:
    picked = pick([BIG, SMALL], [pot(10, 99), pot(20, 99)], cost=micro(1.0), at_most=3)
    assert members(picked) == [1, 4, 2]
    assert {(one.key.ids[0], reason) for one, reason in picked.refused} == {
        (3, "the layer's max_targets is reached"),
        (5, "the layer's max_targets is reached"),
    }


def test_an_empty_pot_stops_its_own_server_only() -> None:
    picked = pick([BIG, SMALL], [pot(10, 1.5), pot(20, 99)], cost=micro(1.0), at_most=10)
    assert members(picked) == [1, 4, 5]
    assert [reason for _, reason in picked.refused] == [
        "what is left of today's social budget does not pay for it"
    ] * 2


def test_what_costs_nothing_still_needs_a_pot_that_is_not_empty() -> None:
    picked = pick([BIG, SMALL], [pot(10, 0.0), pot(20, 0.1)], cost=0, at_most=10)
    assert members(picked) == [4, 5]


def test_nothing_to_choose_from_gives_nothing() -> None:
    assert pick([], [], cost=1, at_most=5) == Picked((), ())
