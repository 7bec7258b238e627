"""Where people stand in a graph of ties. Pure, and the same for the same ties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import cos, pi, sin

Tie = tuple[int, int]
"""Two people; where ties come in a row, the strongest first."""


def around(people: Sequence[int], ties: Iterable[Tie]) -> list[int]:
    """Return `people` in an order for a circle, in which those with strong ties are neighbours.

    Chains grow at their ends, the strongest ties first; then they are laid one after another.
    """
    chains = {one: [one] for one in people}
    for first, second in ties:
        left, right = chains[first], chains[second]
        if left is right or first not in _ends(left) or second not in _ends(right):
            continue
        if left[-1] != first:
            left.reverse()
        if right[0] != second:
            right.reverse()
        left.extend(right)
        chains.update(dict.fromkeys(right, left))
    in_order: dict[int, list[int]] = {id(chains[one]): chains[one] for one in people}
    return [one for chain in in_order.values() for one in chain]


def spread(people: Sequence[int], ties: Sequence[Tie]) -> dict[int, tuple[float, float]]:
    """Return places for many people: each stands outward of whom they have their strongest tie with.

    The strongest ties that connect everybody make a tree. Its first person is in the middle; everybody
    has a sector as wide as what is behind them needs.

    Args:
        people: The strongest first: the first one of each group that hangs together is its middle.
        ties: The strongest first.
    """
    tree = _tree(people, ties)
    sizes = _sizes(tree)
    places: dict[int, tuple[float, float]] = {}
    roots = tree[None]
    whole = sum(sizes[root] for root in roots)
    sectors = [(roots, 0 if len(roots) == 1 else 1, 0.0, 2 * pi, whole)]
    while sectors:
        children, depth, start, width, total = sectors.pop()
        for child in children:
            share = width * sizes[child] / total
            angle = start + share / 2
            places[child] = (round(depth * cos(angle), 4), round(depth * sin(angle), 4))
            sectors.append((tree[child], depth + 1, start, share, sizes[child] - 1))
            start += share
    return places


def _ends(chain: Sequence[int]) -> tuple[int, int]:
    return chain[0], chain[-1]


def _tree(people: Sequence[int], ties: Iterable[Tie]) -> dict[int | None, list[int]]:
    """Return who stands outward of whom; outward of None are the middles of groups."""
    group = {one: one for one in people}
    near: dict[int, list[int]] = {one: [] for one in people}
    for first, second in ties:
        one, other = _group(group, first), _group(group, second)
        if one != other:
            group[one] = other
            near[first].append(second)
            near[second].append(first)
    tree: dict[int | None, list[int]] = {None: []}
    seen: set[int] = set()
    for person in people:
        if person not in seen:
            tree[None].append(person)
            seen.add(person)
            _hang(person, near, tree, seen)
    return tree


def _hang(
    root: int, near: Mapping[int, list[int]], tree: dict[int | None, list[int]], seen: set[int]
) -> None:
    waiting = [root]
    for one in waiting:
        tree[one] = [other for other in near[one] if other not in seen]
        seen.update(tree[one])
        waiting += tree[one]


def _group(group: dict[int, int], one: int) -> int:
    while group[one] != one:
        group[one] = group[group[one]]
        one = group[one]
    return one


def _sizes(tree: Mapping[int | None, Sequence[int]]) -> dict[int, int]:
    """Return how many stand outward of each person, themselves included."""
    in_order = list(tree[None])
    for one in in_order:
        in_order += tree[one]
    sizes: dict[int, int] = {}
    for one in reversed(in_order):
        sizes[one] = 1 + sum(sizes[other] for other in tree[one])
    return sizes
