"""`History`: pages of a channel's past into the store, unbooked, a transaction a page.

Booking comes later, in order of time over all channels: see `zos.observe.booking`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from zos.observe.backfill import store
from zos.observe.backfill.store import Reached
from zos.observe.batch import Batch
from zos.observe.events import Event
from zos.observe.intake import Doorman, Taken, take_in
from zos.observe.messages.store import take_turn

if TYPE_CHECKING:
    from zos.consent.store import ConsentStore
    from zos.db.engine import Database


class History:
    """Stores the past.

    Args:
        db: The open store.
        consents: Who was erased.
    """

    def __init__(self, db: Database, consents: ConsentStore) -> None:
        self._db = db
        self._consents = consents

    async def reached(self, channel_ids: Collection[int]) -> dict[int, Reached]:
        """Return how far channels have come in before."""
        return await store.reached(self._db, channel_ids)

    async def keep(self, events: Sequence[Event], far: Reached) -> Taken:
        """Store a page, and how far its channel has come in with it; return what was new."""
        async with self._db.write() as connection:
            await take_turn(self._db, connection)
            doorman = Doorman(
                await self._consents.view(connection), await self._consents.erased(connection)
            )
            taken = await take_in(self._db, connection, Batch.of(events), doorman, booked=False)
            await store.note(self._db, connection, far)
        return taken
