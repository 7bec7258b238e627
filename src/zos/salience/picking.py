"""Choosing in turn, so that neither a server nor a category starves another. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from zos.salience.budget import Pot, Purse, purse_of
from zos.salience.model import TopicView

Refused = tuple[TopicView, str]
"""A topic that was not chosen, and why not."""


@dataclass(frozen=True, slots=True)
class Picked:
    """The chosen topics in order, and why each of the others was not."""

    chosen: tuple[TopicView, ...]
    refused: tuple[Refused, ...]


def pick(
    queues: Iterable[Sequence[TopicView]], pots: Iterable[Pot], *, cost: int, at_most: int
) -> Picked:
    """Take one topic of each queue in turn, as long as its pot pays `cost` and fewer than `at_most` are taken.

    Args:
        queues: One a server and category, in a stable order; each best first.
        pots: What each purse may spend; micro-salience, like `cost`.
        cost: Of one topic.
        at_most: The layer's limit.
    """
    left = {pot.purse: pot.left for pot in pots}
    waiting = [list(reversed(queue)) for queue in queues]
    chosen: list[TopicView] = []
    refused: list[Refused] = []
    while any(waiting):
        for queue in waiting:
            if queue and (reason := _refusal(queue[-1], left, cost, len(chosen) < at_most)):
                refused.append((queue.pop(), reason))
            elif queue:
                topic = queue.pop()
                left[_purse(topic)] -= cost
                chosen.append(topic)
    return Picked(tuple(chosen), tuple(refused))


def _refusal(topic: TopicView, left: dict[Purse, int], cost: int, has_room: bool) -> str:
    if not has_room:
        return "the layer's max_targets is reached"
    remaining = left.get(_purse(topic), 0)
    if remaining <= 0 or remaining < cost:
        return f"what is left of today's {topic.key.group} budget does not pay for it"
    return ""


def _purse(topic: TopicView) -> Purse:
    return purse_of(topic.key.group, topic.key.server_id)
