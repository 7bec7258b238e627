"""What one observed event earns directly, for which topics. Pure: activity, consent and amounts in, earnings out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache

from zos.config import Config
from zos.core.consent import ConsentView
from zos.core.topics import TopicKey
from zos.salience.amounts import Amounts
from zos.salience.earning import UNKNOWN_MEMBER, Activity, ActivityKind, Earning
from zos.salience.model import EntryKind

_REMEMBERED = 16_384
"""Earnings of one member or pair in one place that are kept: most messages earn what an earlier one did."""

_channel = lru_cache(_REMEMBERED)(TopicKey.channel)
_thread = lru_cache(_REMEMBERED)(TopicKey.thread)
_emoji = lru_cache(_REMEMBERED)(TopicKey.emoji)
_subject = lru_cache(_REMEMBERED)(TopicKey.subject)


class Earner:
    """Turns activities into earnings.

    What counts as new material: for people, pairs and places in a server the messages and reactions
    themselves, for subjects, roles and emoji their uses. Global topics and the self topics get none
    here: theirs is what was understood since (`SalienceLedger.add_material`).

    Args:
        config: Amounts, focus, thread setting, roles that are topics.
        consent: Who may be thought about as a person.
        bots: Members who are none, the agent among them.
        agent_id: The agent's own member id, if known.
    """

    def __init__(
        self,
        config: Config,
        consent: ConsentView,
        *,
        bots: AbstractSet[int] = frozenset(),
        agent_id: int | None = None,
    ) -> None:
        self._earn = config.salience.earn
        self._focus = config.observe.focus
        self._threads_as_topics = config.observe.threads_as_topics
        self._role_topics = config.observe.role_topics
        self._consent = consent
        self._bots = bots
        self._agent_id = agent_id
        self._allowed: dict[int, bool] = {}
        self._amounts: dict[int | None, Amounts] = {}

    def earnings(self, activity: Activity) -> list[Earning]:
        """Return what `activity` earns, in a fixed order. What a bot does earns nothing."""
        if activity.author_is_bot or activity.author_id in self._bots:
            return []
        amounts = self._amounts_of(activity.server_id)
        match activity.kind:
            case ActivityKind.MESSAGE:
                if activity.server_id is None:
                    return self._direct_message(activity, amounts)
                return self._message(activity, activity.server_id, amounts)
            case ActivityKind.REACTION:
                return self._reaction(activity, amounts.reaction * activity.count)
            case ActivityKind.THREAD_CREATED:
                return self._thread_created(activity, amounts.thread_created)

    def allows(self, member_id: int) -> bool:
        """Return whether a member may be thought about as a person: consent, and no bot."""
        allowed = self._allowed.get(member_id)
        if allowed is None:
            is_person = member_id != UNKNOWN_MEMBER and member_id not in self._bots
            allowed = is_person and self._consent.allows(member_id)
            self._allowed[member_id] = allowed
        return allowed

    def _amounts_of(self, server_id: int | None) -> Amounts:
        amounts = self._amounts.get(server_id)
        if amounts is None:
            focus = 1.0 if server_id is None else self._focus.get(server_id, 1.0)
            amounts = self._amounts[server_id] = Amounts.of(self._earn, focus)
        return amounts

    def _direct_message(self, activity: Activity, amounts: Amounts) -> list[Earning]:
        if not self.allows(activity.author_id):
            return []
        micro = amounts.direct_message[activity.has_media]
        return [Earning(TopicKey.user(activity.author_id), micro, EntryKind.DIRECT_MESSAGE, 0)]

    def _message(self, activity: Activity, server_id: int, amounts: Amounts) -> list[Earning]:
        micro = amounts.message[activity.has_media]
        place = self._place(activity, server_id)
        found = [Earning(place, micro, EntryKind.MESSAGE, 1)]
        author_allowed = self.allows(activity.author_id)
        if author_allowed:
            found += _person_earnings(activity.author_id, place, micro, EntryKind.MESSAGE, 1)
        addressee_id = activity.reply_to_author_id
        if addressee_id is not None and author_allowed:
            found += self._pair(activity, place, addressee_id, amounts.reply, EntryKind.REPLY)
        if activity.mention_ids:
            found += self._mentions(activity, place, amounts, author_allowed)
        if activity.emoji_ids or activity.role_ids or activity.subject_names:
            found += self._named_things(activity, server_id, micro, amounts)
        return found

    def _mentions(
        self, activity: Activity, place: TopicKey, amounts: Amounts, author_allowed: bool
    ) -> Iterator[Earning]:
        server_id = place.server_id
        # A reply pings whom it answers: that is no second address.
        skipped = {activity.author_id, activity.reply_to_author_id}
        for member_id in dict.fromkeys(activity.mention_ids):
            if member_id == self._agent_id:
                micro = amounts.agent_mentioned
                yield Earning(TopicKey.self_topic(server_id), micro, EntryKind.AGENT_MENTION, 0)
                yield Earning(TopicKey.self_topic(), micro, EntryKind.AGENT_MENTION, 0)
            elif member_id not in skipped and self.allows(member_id):
                micro = amounts.mention
                yield Earning(TopicKey.user(member_id, server_id), micro, EntryKind.MENTION, 0)
                yield Earning(TopicKey.user(member_id), micro, EntryKind.MENTION, 0)
                if author_allowed:
                    yield from self._pair(activity, place, member_id, micro, EntryKind.MENTION)

    def _named_things(
        self, activity: Activity, server_id: int, micro: int, amounts: Amounts
    ) -> Iterator[Earning]:
        for emoji_id in dict.fromkeys(activity.emoji_ids):
            yield Earning(_emoji(server_id, emoji_id), amounts.reaction, EntryKind.EMOJI, 1)
        for role_id in dict.fromkeys(activity.role_ids):
            if role_id in self._role_topics:
                key = TopicKey.role(server_id, role_id)
                yield Earning(key, amounts.mention, EntryKind.ROLE_MENTION, 1)
        for key in subject_keys(server_id, activity.subject_names):
            yield Earning(key, micro, EntryKind.SUBJECT, 1)

    def _reaction(self, activity: Activity, micro: int) -> list[Earning]:
        kind, server_id, count = EntryKind.REACTION, activity.server_id, activity.count
        place = None if server_id is None else self._place(activity, server_id)
        found = []
        if place is not None and server_id is not None:
            emoji = (_emoji(server_id, emoji_id) for emoji_id in activity.emoji_ids)
            found = [Earning(key, micro, kind, count) for key in (place, *emoji)]
        author_id = activity.target_author_id
        if author_id is None or author_id == activity.author_id or not self.allows(author_id):
            return found
        found += _person_earnings(author_id, place, micro, kind, count)
        if self.allows(activity.author_id):
            found += self._pair(activity, place, author_id, micro, kind)
        return found

    def _thread_created(self, activity: Activity, micro: int) -> list[Earning]:
        if activity.server_id is None:
            return []
        keys = [self._place(activity, activity.server_id)]
        if self.allows(activity.author_id):
            keys.append(TopicKey.user(activity.author_id, activity.server_id))
            keys.append(TopicKey.user(activity.author_id))
        return [Earning(key, micro, EntryKind.THREAD, 0) for key in keys]

    def _pair(
        self, activity: Activity, place: TopicKey | None, other_id: int, micro: int, kind: EntryKind
    ) -> tuple[Earning, ...]:
        if other_id == activity.author_id or not self.allows(other_id):
            return ()
        return _pair_earnings(activity.author_id, other_id, place, micro, kind)

    def _place(self, activity: Activity, server_id: int) -> TopicKey:
        if not activity.is_thread:
            return _channel(server_id, activity.channel_id)
        if self._threads_as_topics:
            return _thread(server_id, activity.channel_id)
        return _channel(server_id, activity.parent_id or activity.channel_id)


def subject_keys(server_id: int, names: Iterable[str]) -> list[TopicKey]:
    """Return the keys of named subjects, each once, in order."""
    return list(dict.fromkeys(_subject(server_id, name) for name in names))


@lru_cache(_REMEMBERED)
def _person_earnings(
    member_id: int, place: TopicKey | None, micro: int, kind: EntryKind, count: int
) -> tuple[Earning, ...]:
    """A member as they are in the server, in the place, and anywhere; without a place, anywhere."""
    anywhere = Earning(TopicKey.user(member_id), micro, kind, 0)
    if place is None or place.server_id is None:
        return (anywhere,)
    here = TopicKey.user(member_id, place.server_id)
    in_place = TopicKey.user_in_channel(place.server_id, place.ids[0], member_id)
    return (
        Earning(here, micro, kind, count),
        Earning(in_place, micro, kind, count),
        anywhere,
    )


@lru_cache(_REMEMBERED)
def _pair_earnings(
    one: int, other: int, place: TopicKey | None, micro: int, kind: EntryKind
) -> tuple[Earning, ...]:
    """A pair, likewise."""
    anywhere = Earning(TopicKey.dyad(one, other), micro, kind, 0)
    if place is None or place.server_id is None:
        return (anywhere,)
    here = TopicKey.dyad(one, other, place.server_id)
    in_place = TopicKey.dyad_in_channel(place.server_id, place.ids[0], one, other)
    return (Earning(here, micro, kind, 1), Earning(in_place, micro, kind, 1), anywhere)
