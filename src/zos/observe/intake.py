"""Taking a batch into the store, in one order, for the recorder and the importer alike.

In: a `Batch` and who may not come in. Out: rows, and what of it was new. Nothing of an erased
member is taken, and a direct message only from a member who has consented, or from a bot.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from zos.core.consent import ConsentView
from zos.observe.batch import Batch, as_edits
from zos.observe.community import store as community
from zos.observe.content import Details, details
from zos.observe.events import ChannelSeen, MessageCreated, ReactionAdded, ReactionsCounted
from zos.observe.messages import store as messages
from zos.observe.messages.store import Place
from zos.observe.reactions import store as reactions

if TYPE_CHECKING:
    from zos.db.engine import Connection, Database


@dataclass(frozen=True, slots=True)
class Doorman:
    """Who may come in.

    Attributes:
        consent: Asked about direct messages.
        erased: Members of whom nothing may come in again.
    """

    consent: ConsentView
    erased: frozenset[int]

    def lets_in(self, message: MessageCreated) -> bool:
        """Return whether a message may be stored."""
        return message.author.id not in self.erased and not self.awaits_consent(message)

    def unsigned(self, seen: ChannelSeen) -> ChannelSeen:
        """Return a channel as it may be stored: a thread that an erased member opened has no name of theirs."""
        if seen.creator_id not in self.erased:
            return seen
        return replace(seen, creator_id=None, name=str(seen.id), description="")

    def awaits_consent(self, message: MessageCreated) -> bool:
        """Return whether a message may be stored only once its author consents."""
        author = message.author
        return (
            message.server_id is None and not author.is_bot and not self.consent.allows(author.id)
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """What of a batch was new.

    Attributes:
        messages: New messages, what follows from their text, and whom each answers.
        reactions: New reactions and the messages they stand on.
        counted: New counts of reactions, likewise.
        known: Messages that were stored already.
        edited: Stored messages whose text was replaced.
        refused: Messages of erased members, and deleted ones.
        awaiting_consent: Direct messages whose authors have not consented.
    """

    messages: list[tuple[MessageCreated, Details, int | None]] = field(default_factory=list)
    reactions: list[tuple[ReactionAdded, Place]] = field(default_factory=list)
    counted: list[tuple[ReactionsCounted, Place]] = field(default_factory=list)
    known: int = 0
    edited: int = 0
    refused: int = 0
    awaiting_consent: int = 0


async def take_in(
    db: Database, connection: Connection, batch: Batch, doorman: Doorman, *, booked: bool
) -> Taken:
    """Store what of `batch` is new; deletions are the caller's, once it has booked.

    Args:
        db: The store.
        connection: A write transaction whose turn it is (`take_turn`).
        batch: What happened.
        doorman: Who may come in.
        booked: Whether the caller books what is new in the same transaction.
    """
    await _take_community(db, connection, batch, doorman)
    gone = await messages.deleted_among(db, connection, batch.messages)
    told = {
        key: (one, details(one))
        for key, one in batch.messages.items()
        if key not in gone and doorman.lets_in(one)
    }
    new = await messages.insert_messages(db, connection, told, booked=booked, erased=doorman.erased)
    known = [one for key, (one, _) in told.items() if key not in new]
    edits = [(edit, details(edit)) for edit in (*batch.edits, *as_edits(known))]
    edited = await messages.edit_messages(db, connection, edits, doorman.erased)
    given, counted = await _take_reactions(db, connection, batch, doorman, booked=booked)
    awaiting = sum(map(doorman.awaits_consent, batch.messages.values()))
    return Taken(
        messages=[(*told[key], answered) for key, answered in new.items()],
        reactions=given,
        counted=counted,
        known=len(known),
        edited=edited,
        refused=len(batch.messages) - len(told) - awaiting,
        awaiting_consent=awaiting,
    )


async def _take_community(
    db: Database, connection: Connection, batch: Batch, doorman: Doorman
) -> None:
    await community.see_servers(db, connection, batch.servers)
    await community.leave_servers(connection, batch.left)
    named = {(one.channel_id, one.server_id) for one in batch.messages.values()}
    named |= {(one.id, one.server_id) for one in batch.channels}
    await community.hold_places(db, connection, named)
    channels = [doorman.unsigned(one) for one in batch.channels]
    await community.see_channels(db, connection, channels)
    welcome = [one for one in batch.sightings if one.member.id not in doorman.erased]
    await community.see_members(db, connection, welcome)
    for agent in batch.agents:
        await community.see_agent(connection, agent)


async def _take_reactions(
    db: Database, connection: Connection, batch: Batch, doorman: Doorman, *, booked: bool
) -> tuple[list[tuple[ReactionAdded, Place]], list[tuple[ReactionsCounted, Place]]]:
    ids = {one.message_id for one in batch.added} | {one.message_id for one in batch.counted}
    places = await messages.places_of(db, connection, ids)
    added = [
        one
        for one in batch.added
        if one.message_id in places and one.member.id not in doorman.erased
    ]
    await reactions.drop_counted(connection, batch.complete)
    given = await reactions.change_reactions(
        db, connection, added, batch.removed, batch.cleared, booked=booked
    )
    here = [one for one in batch.counted if one.message_id in places]
    counted = await reactions.count_reactions(db, connection, here, booked=booked)
    return (
        [(one, places[one.message_id]) for one in given],
        [(one, places[one.message_id]) for one in counted],
    )
