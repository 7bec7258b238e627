"""However the same history comes in, live, imported, interrupted, twice: the same is stored and booked."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.observe.conftest import OBSERVED, Room
from tests.observe.exports import CHANNEL, SERVER, START, export, person, said, write

from zos.db.tables import metadata
from zos.observe.events import (
    Author,
    ChannelKind,
    ChannelSeen,
    Emoji,
    Event,
    MessageCreated,
    ReactionAdded,
    ServerSeen,
)
from zos.observe.importer import ImportStage

PEOPLE = [
    Author(number, f"user{number}", f"User {number}", is_bot=number == 16, role_ids=())
    for number in range(11, 17)
]
CONSENTING = (11, 12, 13, 14)
EMOJI = [Emoji("👍"), Emoji("soup", 801)]
PLACES: list[Event] = [
    ServerSeen(SERVER, "The Server", START),
    ChannelSeen(CHANNEL, SERVER, "general", ChannelKind.TEXT, START, description="Anything"),
]


@dataclass(frozen=True)
class Said:
    """One message of a history, with its reactions."""

    event: MessageCreated
    likes: tuple[tuple[Emoji, Author], ...]

    @property
    def at(self) -> datetime:
        return self.event.created_at

    def live(self) -> list[Event]:
        """What a client tells."""
        return [
            self.event,
            *(
                ReactionAdded(self.event.id, SERVER, emoji, who, self.at)
                for emoji, who in self.likes
            ),
        ]

    def archived(self) -> dict[str, Any]:
        """What an archive tells."""
        one = self.event
        told = said(one.id, one.author.id, one.content, timestamp=one.created_at.isoformat())
        told["author"]["isBot"] = one.author.is_bot
        told["mentions"] = [person(who.id, isBot=who.is_bot) for who in one.mentions]
        told["reactions"] = [_reaction(emoji, who) for emoji, who in self.likes]
        if one.reply_to_id is not None:
            told |= {"type": "Reply", "reference": {"messageId": str(one.reply_to_id)}}
        return told


def _reaction(emoji: Emoji, who: Author) -> dict[str, Any]:
    shown = {"id": str(emoji.id or ""), "name": emoji.name}
    return {"emoji": shown, "count": 1, "users": [person(who.id, isBot=who.is_bot)]}


@st.composite
def histories(draw: st.DrawFn) -> list[Said]:
    """Up to 24 messages in order of time, over up to some weeks."""
    told: list[Said] = []
    moment = START
    for number in range(1, draw(st.integers(2, 24)) + 1):
        moment += draw(st.sampled_from([timedelta(0), timedelta(minutes=1), timedelta(days=3)]))
        author = draw(st.sampled_from(PEOPLE))
        likes = draw(
            st.lists(st.tuples(st.sampled_from(EMOJI), st.sampled_from(PEOPLE)), max_size=2)
        )
        event = MessageCreated(
            id=number,
            server_id=SERVER,
            channel_id=CHANNEL,
            author=author,
            created_at=moment,
            content=draw(st.sampled_from(["hm", "see https://example.org", "<:soup:801>"])),
            reply_to_id=draw(st.none() | st.integers(1, number)) if number > 1 else None,
            mentions=tuple(draw(st.lists(st.sampled_from(PEOPLE), max_size=2, unique=True))),
        )
        if event.reply_to_id == number:
            event = replace(event, reply_to_id=None)
        # What happens at one moment is booked in an order of its own, so it happens in that order.
        likes.sort(key=lambda like: (like[0].id or 0, like[1].id))
        told.append(Said(event, tuple(dict.fromkeys(likes))))
    return told


@dataclass(frozen=True)
class Delivery:
    """How a stretch of history comes in; `size` is that of the batches."""

    way: str
    upto: int
    size: int
    again_from: int
    shuffled: int


deliveries = st.lists(
    st.builds(
        Delivery,
        way=st.sampled_from(["live", "import", "interrupted import"]),
        upto=st.integers(0, 24),
        size=st.integers(1, 9),
        again_from=st.integers(0, 24),
        shuffled=st.integers(0, 3),
    ),
    max_size=5,
)


@settings(
    max_examples=settings().max_examples // 4,  # each brings in a history three times
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories(), plan=deliveries)
async def test_any_way_in_gives_the_same_store_and_balances(
    room: Room, tmp_path: Path, history: list[Said], plan: list[Delivery]
) -> None:
    whole = Delivery("import", len(history), 1_000, 0, 0)
    expected = await outcome(room, tmp_path, history, [whole])

    assert await outcome(room, tmp_path, history, plan) == expected


async def outcome(
    room: Room, folder: Path, history: Sequence[Said], plan: Sequence[Delivery]
) -> tuple[Any, Any]:
    """What is stored and booked after `plan`, and a live rest, on an empty store."""
    await wipe(room)
    await room.consent(*CONSENTING)
    done = 0
    for turn, one in enumerate([*plan, Delivery("live", len(history), 4, 0, 0)]):
        upto = max(done, min(one.upto, len(history)))
        stretch = history[min(one.again_from, done) : upto]
        if one.way == "live":
            await deliver_live(room.in_batches_of(one.size), stretch)
        else:
            await deliver_archive(
                room.in_batches_of(one.size), folder / f"{turn}.json", stretch, one
            )
        await room.book()
        done = upto
    await room.audited()
    return await seen(room), await room.balances()


async def deliver_live(room: Room, stretch: Sequence[Said]) -> None:
    told = [event for one in stretch for event in one.live()]
    await room.record(*PLACES, *told)


async def deliver_archive(room: Room, path: Path, stretch: Sequence[Said], how: Delivery) -> None:
    turned = [*stretch[how.shuffled :], *stretch[: how.shuffled]]
    write(path, export(one.archived() for one in turned))
    if how.way == "interrupted import":
        with suppress(InterruptedError):  # a twin of an earlier file does not even begin
            await room.importer.import_paths([path], progress=interrupt)
    await room.bring_in(path)


def interrupt(stage: ImportStage, *_told: object) -> None:
    """End an import after its first batch, as Ctrl-C does."""
    if stage is ImportStage.STORING:
        raise InterruptedError


async def seen(room: Room) -> dict[str, list[tuple[Any, ...]]]:
    """All that was observed, but for when names were seen."""
    return {
        table.name: await room.rows(table, *(one.name for one in table.c if one.name != "seen_at"))
        for table in OBSERVED
    }


async def wipe(room: Room) -> None:
    async with room.database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            await connection.execute(table.delete())
