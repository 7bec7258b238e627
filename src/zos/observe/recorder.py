"""`Recorder`: live events in, one transaction a batch; what is new is booked in the same one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from zos.core.clock import Clock, SystemClock
from zos.core.consent import ConsentMode, ConsentView
from zos.core.ids import new_ulid
from zos.insights.quarantine.store import settle
from zos.insights.store import mark_for_review
from zos.observe.activities import Surroundings, in_order, opened
from zos.observe.batch import Batch
from zos.observe.batches import batches
from zos.observe.community import store as community
from zos.observe.community.store import Thread
from zos.observe.events import Event
from zos.observe.intake import Doorman, Taken, take_in
from zos.observe.messages.store import Place, delete_messages, take_turn
from zos.salience.earning import Activity

if TYPE_CHECKING:
    from zos.config import Config
    from zos.consent.store import ConsentStore
    from zos.db.engine import Connection, Database
    from zos.salience.ledger import SalienceLedger


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a call of `Recorder.record` changed, in counts.

    Attributes:
        known: Messages that were stored already.
        refused: Messages of erased members, and messages that were deleted before.
        awaiting_consent: Direct messages whose authors have not consented.
        marked: Insights that rested on deleted messages and are now under review.
        entries: Rows of the salience ledger.
    """

    messages: int = 0
    reactions: int = 0
    threads: int = 0
    known: int = 0
    edited: int = 0
    deleted: int = 0
    refused: int = 0
    awaiting_consent: int = 0
    marked: int = 0
    entries: int = 0

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(
            *(getattr(self, one.name) + getattr(other, one.name) for one in fields(self))
        )


class Recorder:
    """Records events. The same event twice changes nothing.

    Args:
        db: The open store.
        ledger: Books what is new.
        consents: Who may be thought about, and who was erased.
        config: `observe.batch_size` bounds a transaction.
        clock: Names the batches.
    """

    def __init__(
        self,
        db: Database,
        ledger: SalienceLedger,
        consents: ConsentStore,
        config: Config,
        *,
        clock: Clock | None = None,
    ) -> None:
        self._db = db
        self._ledger = ledger
        self._consents = consents
        self._batch_size = config.observe.batch_size
        self._clock = clock or SystemClock()

    async def record(self, events: Sequence[Event]) -> Recorded:
        """Record `events`, in the order in which they happened.

        Each `observe.batch_size` of them are one transaction: rows, ledger and deletions together.
        """
        recorded = Recorded()
        for some in batches(events, self._batch_size):
            recorded += await self._record(Batch.of(some))
        return recorded

    async def _record(self, batch: Batch) -> Recorded:
        async with self._db.write() as connection:
            await take_turn(self._db, connection)
            doorman = Doorman(
                await self._consents.view(connection), await self._consents.erased(connection)
            )
            waiting = {one.id for one in await _waiting_threads(self._db, connection, batch)}
            taken = await take_in(self._db, connection, batch, doorman, booked=True)
            consent = await self._settle_roles(connection, batch, doorman.consent)
            threads = [
                one
                for one in await _waiting_threads(self._db, connection, batch)
                if one.id not in waiting
            ]
            entries = await self._book(connection, taken, threads, consent)
            marked = await mark_for_review(connection, batch.deleted_at)
            deleted = await delete_messages(self._db, connection, batch.deleted_at)
        return Recorded(
            messages=len(taken.messages),
            reactions=len(taken.reactions) + len(taken.counted),
            threads=len(threads),
            known=taken.known,
            edited=taken.edited,
            deleted=deleted,
            refused=taken.refused,
            awaiting_consent=taken.awaiting_consent,
            marked=marked,
            entries=entries,
        )

    async def _settle_roles(
        self, connection: Connection, batch: Batch, before: ConsentView
    ) -> ConsentView:
        """Roles may give consent and take it: what their holders are in follows at once.

        Returns:
            Who has consented after the batch.
        """
        shown = {one.member.id for one in batch.sightings if one.member.role_ids is not None}
        if before.mode is not ConsentMode.ROLE or not shown:
            return before
        after = await self._consents.view(connection)
        changed = {one for one in shown if after.allows(one) != before.allows(one)}
        if changed:
            await settle(self._db, connection, after, changed)
        return after

    async def _book(
        self,
        connection: Connection,
        taken: Taken,
        threads: Sequence[Thread],
        consent: ConsentView,
    ) -> int:
        if not (taken.messages or taken.reactions or taken.counted or threads):
            return 0
        places = [place for _, place in (*taken.reactions, *taken.counted)]
        around = Surroundings(
            spaces=await community.spaces_of(
                self._db,
                connection,
                {one.channel_id for one, _, _ in taken.messages}
                | {place.channel_id for place in places},
            ),
            subjects=await self._ledger.subject_names(
                connection, {one.server_id for one, _, _ in taken.messages if one.server_id}
            ),
        )
        activities = in_order([*map(opened, threads), *_activities(taken, around)])
        booked = await self._ledger.book(
            connection,
            activities,
            consent,
            batch=new_ulid(self._clock.now()),
            agent_id=await community.agent_id(connection),
        )
        await community.mark_threads_booked(self._db, connection, threads)
        return booked.entries


async def _waiting_threads(db: Database, connection: Connection, batch: Batch) -> list[Thread]:
    told = [one.id for one in batch.channels if one.created_at is not None]
    return await community.unbooked_threads(db, connection, among=told) if told else []


def _activities(taken: Taken, around: Surroundings) -> Iterator[Activity]:
    for one, read, answered in taken.messages:
        place = Place(one.id, one.server_id, one.channel_id, one.author.id)
        yield around.written(place, one.created_at, read, answered, is_bot=one.author.is_bot)
    for given, place in taken.reactions:
        yield around.reacted(
            place, given.at, given.emoji.id, given.member.id, is_bot=given.member.is_bot
        )
    for count, place in taken.counted:
        yield around.reacted(place, count.at, count.emoji.id, 0, count=count.count)
