"""Salience as one would tell it to a person: one event after the other, everything looked at each time.

It knows nothing of batches, pools, indexes or SQL. The real ledger must agree with it exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tests.property.worlds import BOT

from zos.config import Config
from zos.core.consent import ConsentView
from zos.core.topics import TopicCategory, TopicKey
from zos.db.tables import MICRO
from zos.db.tables.base import to_micros
from zos.salience.amounts import Caps
from zos.salience.earner import Earner
from zos.salience.earning import Activity, Earning
from zos.salience.model import EntryKind

DAY = 86_400 * MICRO


@dataclass
class Told:
    """One topic."""

    base: int
    decay_from: int
    active_at: int
    material: int = 0


class Reference:
    """A community's topics by key."""

    def __init__(self, config: Config, consent: ConsentView) -> None:
        self.config = config.salience
        self.earner = Earner(config, consent, bots={BOT})
        self.caps = Caps(config.salience.caps)
        self.topics: dict[TopicKey, Told] = {}

    def book(self, activity: Activity) -> None:
        at = to_micros(activity.at)
        earnings = self.earner.earnings(activity)
        touched = {earning.key for earning in earnings}
        gifts: list[tuple[TopicKey, int]] = []
        for earning in earnings:
            overflow = self._earn(earning, at)
            gift = earning.micro * round(self.config.propagation * MICRO) // MICRO
            spill = overflow * round(self.config.spillover * MICRO) // MICRO
            gifts += [
                (key, gift + spill)
                for key in self.topics
                if key not in touched and _related(earning, key) and self._takes_part(key, at)
            ]
        for key, gift in gifts:
            topic = self.topics[key]
            topic.base = min(max(self.caps.of(key), topic.base), topic.base + gift)

    def level(self, key: TopicKey, at: int) -> int:
        topic = self.topics[key]
        days = max(0, (at - topic.decay_from) // DAY)
        return int(topic.base * (1.0 - self.config.decay_per_day) ** days)

    def _earn(self, earning: Earning, at: int) -> int:
        topic = self.topics.setdefault(earning.key, Told(0, at, at))
        level = self.level(earning.key, at)
        kept = min(earning.micro, self.caps.of(earning.key) - level)
        topic.base = level + kept
        topic.decay_from = max(topic.decay_from, at + self.config.decay_after_days * DAY)
        topic.active_at = max(topic.active_at, at)
        topic.material += earning.material
        return earning.micro - kept

    def _takes_part(self, key: TopicKey, at: int) -> bool:
        topic = self.topics[key]
        is_warm = topic.base > round(self.config.warm_above * MICRO)
        return is_warm and at < topic.decay_from + DAY


def _related(earning: Earning, key: TopicKey) -> bool:
    giver = earning.key
    if earning.kind is EntryKind.DIRECT_MESSAGE and key.category is TopicCategory.USER:
        return key.ids == giver.ids and key.server_id is not None
    if giver.server_id != key.server_id:
        return False
    match giver.category, key.category:
        case TopicCategory.USER, TopicCategory.DYAD:
            return giver.ids[0] in key.ids
        case TopicCategory.DYAD, TopicCategory.USER:
            return key.ids[0] in giver.ids
        case ((TopicCategory.CHANNEL | TopicCategory.THREAD), TopicCategory.USER_IN_CHANNEL):
            return key.ids[0] == giver.ids[0]
        case _:
            return False


def moment_of(at: datetime) -> int:
    """Return `at` as the reference counts time."""
    return to_micros(at)
