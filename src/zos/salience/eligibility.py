"""Whether a topic can be thought about at all, whatever a layer asks for; and if not, why. Pure."""

from __future__ import annotations

from zos.core.consent import ConsentView
from zos.core.topics import BudgetGroup, TopicKey
from zos.salience.model import TopicView


def needs_balance(key: TopicKey) -> bool:
    """Return whether a topic must hold salience. The self topics need none: what others learnt wakes them."""
    return key.group is not BudgetGroup.SELF


def obstacles(topic: TopicView, consent: ConsentView) -> tuple[str, ...]:
    """Return what keeps `topic` from being thought about, a clause each; empty when nothing does."""
    found = []
    if not consent.allows_all(frozenset(topic.key.members)):
        found.append("a member whom it is about has not consented")
    if topic.new_material <= 0:
        since = "it came into being" if topic.last_reflected_at is None else "its last reflection"
        found.append(f"there is no new material since {since}")
    if topic.balance_micro <= 0 and needs_balance(topic.key):
        found.append("it holds no salience")
    return tuple(found)


def why_not(key: TopicKey, topic: TopicView | None, consent: ConsentView) -> tuple[str, ...]:
    """Return the same for a topic that may not exist."""
    if topic is not None:
        return obstacles(topic, consent)
    if not consent.allows_all(frozenset(key.members)):
        return ("a member whom it would be about has not consented, so it never came into being",)
    return ("nothing that earns salience for it has been observed",)
