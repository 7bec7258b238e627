"""From what was observed to what earns salience: `Activity`, in the one order of booking. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime

from zos.observe.community.store import Space, Thread
from zos.observe.content import Details
from zos.observe.messages.store import Place
from zos.salience.earning import Activity, ActivityKind
from zos.salience.subjects import subjects_in

_NOWHERE = Space(is_thread=False, parent_id=None)
_RANK = {ActivityKind.THREAD_CREATED: 0, ActivityKind.MESSAGE: 1, ActivityKind.REACTION: 2}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a batch's activities stand in: kinds of channels, and the subjects that servers know."""

    spaces: Mapping[int, Space]
    subjects: Mapping[int, AbstractSet[str]] = field(default_factory=dict)

    def written(
        self, place: Place, at: datetime, read: Details, answered: int | None, *, is_bot: bool
    ) -> Activity:
        """The message at `place`, which answers the member `answered`, if any."""
        space = self.spaces.get(place.channel_id, _NOWHERE)
        return Activity(
            kind=ActivityKind.MESSAGE,
            id=place.id,
            at=at,
            server_id=place.server_id,
            channel_id=place.channel_id,
            author_id=place.author_id,
            author_is_bot=is_bot,
            is_thread=space.is_thread,
            parent_id=space.parent_id,
            reply_to_author_id=answered,
            mention_ids=read.mention_ids,
            has_media=read.has_media,
            emoji_ids=tuple(emoji.id for emoji in read.emoji if emoji.id is not None),
            role_ids=read.role_ids,
            subject_names=self._named(place.server_id, read.text),
        )

    def reacted(
        self,
        place: Place,
        at: datetime,
        emoji_id: int | None,
        member_id: int,
        *,
        is_bot: bool = False,
        count: int = 1,
    ) -> Activity:
        """Reactions with one emoji to the message at `place`; `member_id` 0: whose is not known."""
        space = self.spaces.get(place.channel_id, _NOWHERE)
        return Activity(
            kind=ActivityKind.REACTION,
            id=place.id,
            at=at,
            server_id=place.server_id,
            channel_id=place.channel_id,
            author_id=member_id,
            author_is_bot=is_bot,
            is_thread=space.is_thread,
            parent_id=space.parent_id,
            target_author_id=place.author_id,
            emoji_ids=() if emoji_id is None else (emoji_id,),
            count=count,
        )

    def _named(self, server_id: int | None, text: str) -> tuple[str, ...]:
        names = self.subjects.get(server_id) if server_id is not None else None
        return subjects_in(text, names) if names else ()


def opened(thread: Thread) -> Activity:
    """A thread's creation."""
    return Activity(
        kind=ActivityKind.THREAD_CREATED,
        id=thread.id,
        at=thread.created_at,
        server_id=thread.server_id,
        channel_id=thread.id,
        author_id=thread.creator_id,
        is_thread=True,
        parent_id=thread.parent_id,
    )


def in_order(activities: Iterable[Activity]) -> list[Activity]:
    """Sort by (time, id): the same order, whichever way the events came in."""
    return sorted(activities, key=_order)


def _order(one: Activity) -> tuple[object, ...]:
    return one.at, one.id, _RANK[one.kind], one.emoji_ids, one.author_id, one.count
