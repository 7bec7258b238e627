"""Configured points as whole micro-salience, so that every sum is exact."""

from __future__ import annotations

from dataclasses import dataclass

from zos.config.salience import CapConfig, EarnConfig
from zos.core.topics import TopicCategory, TopicKey
from zos.db.tables.base import MICRO


def to_micro(points: float) -> int:
    """Return `points` of salience in micro-salience, rounded to the nearest."""
    return round(points * MICRO)


@dataclass(frozen=True, slots=True)
class Amounts:
    """What one event earns in one server, in micro-salience.

    `message` and `direct_message` are pairs: plain, and with media or a link.
    """

    message: tuple[int, int]
    direct_message: tuple[int, int]
    reaction: int
    mention: int
    reply: int
    thread_created: int
    agent_mentioned: int

    @classmethod
    def of(cls, earn: EarnConfig, focus: float = 1.0) -> Amounts:
        """Return the amounts of a server whose earnings count `focus` times."""
        media = earn.media_factor * focus
        return cls(
            message=(to_micro(earn.message * focus), to_micro(earn.message * media)),
            direct_message=(
                to_micro(earn.direct_message * focus),
                to_micro(earn.direct_message * media),
            ),
            reaction=to_micro(earn.reaction * focus),
            mention=to_micro(earn.mention * focus),
            reply=to_micro(earn.reply * focus),
            thread_created=to_micro(earn.thread_created * focus),
            agent_mentioned=to_micro(earn.agent_mentioned * focus),
        )


class Caps:
    """The most each kind of topic holds, in micro-salience."""

    def __init__(self, caps: CapConfig) -> None:
        self._by_kind = {
            (TopicCategory.USER, False): to_micro(caps.user),
            (TopicCategory.USER, True): to_micro(caps.user_global),
            (TopicCategory.DYAD, False): to_micro(caps.dyad),
            (TopicCategory.DYAD, True): to_micro(caps.dyad_global),
            (TopicCategory.CHANNEL, False): to_micro(caps.channel),
            (TopicCategory.THREAD, False): to_micro(caps.thread),
            (TopicCategory.USER_IN_CHANNEL, False): to_micro(caps.user_in_channel),
            (TopicCategory.DYAD_IN_CHANNEL, False): to_micro(caps.dyad_in_channel),
            (TopicCategory.SUBJECT, False): to_micro(caps.subject),
            (TopicCategory.EMOJI, False): to_micro(caps.emoji),
            (TopicCategory.ROLE, False): to_micro(caps.role),
            (TopicCategory.SELF, False): to_micro(caps.self_server),
            (TopicCategory.SELF, True): to_micro(caps.self_global),
        }

    def of(self, key: TopicKey) -> int:
        """Return the cap of `key`."""
        return self._by_kind[key.category, key.server_id is None]

    def of_kind(self, category: TopicCategory, *, is_global: bool) -> int:
        """Return the cap of all topics of one category; of those without global ones, the servers'."""
        return self._by_kind.get((category, is_global), self._by_kind[category, False])
