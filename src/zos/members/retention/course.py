"""`Retention`: what ends by itself, a bounded portion at a time.

Messages past `privacy.retention_days` go as if they were deleted on Discord. A server that Zos left
(not one that is unavailable) goes after `privacy.left_server_days`, with all that rested on it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from zos.db.purge import purge
from zos.insights.store import mark_for_review
from zos.members.erasure import store as erasing
from zos.members.erasure.aftermath import Aftermath
from zos.members.reexamining.store import Gone, insights_resting_on, strike
from zos.members.retention import store
from zos.observe.messages.store import delete_messages, take_turn

if TYPE_CHECKING:
    from zos.config.model import PrivacyConfig
    from zos.core.clock import Clock
    from zos.db.engine import Connection, Database
    from zos.salience.ledger import SalienceLedger

log = structlog.get_logger(__name__)

PORTION = 500
"""Messages that go in one transaction, at most."""
EVERY = timedelta(days=1)


class Retention:
    """Deletes what is past its time.

    Args:
        database: The store.
        ledger: Topics.
        privacy: How long what is kept.
        clock: The time.
    """

    def __init__(
        self, database: Database, ledger: SalienceLedger, privacy: PrivacyConfig, clock: Clock
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._aftermath = Aftermath(database, ledger, clock)
        self._privacy = privacy
        self._clock = clock
        self._next_at: datetime | None = None

    async def step(self) -> bool:
        """Once a day delete a portion of what is due; return whether there may be more."""
        now = self._clock.now()
        if self._next_at is not None and now < self._next_at:
            return False
        if await self._delete_old(now) or await self._erase_left(now):
            return True
        self._next_at = now + EVERY
        return False

    async def _delete_old(self, now: datetime) -> bool:
        if self._privacy.retention_days is None:
            return False
        moment = now - timedelta(days=self._privacy.retention_days)
        async with self._database.write() as connection:
            await take_turn(self._database, connection)
            ids = await store.messages_before(connection, moment, limit=PORTION)
            await mark_for_review(connection, ids)
            gone = await delete_messages(self._database, connection, dict.fromkeys(ids, now))
        if gone:
            log.info("old_messages_deleted", messages=gone)
        return bool(gone)

    async def _erase_left(self, now: datetime) -> bool:
        moment = now - timedelta(days=self._privacy.left_server_days)
        async with self._database.read() as connection:
            left = await store.servers_left_before(connection, moment)
        for server_id in left:
            if await self._erase_portion(server_id, moment):
                return True
            if pending := await purge(self._database, erasing.TOUCHED):
                log.info("left_server_waits", server=server_id, reason=pending)
                continue
            async with self._database.write() as connection:
                members = await store.delete_server(connection, server_id)
            log.info("left_server_erased", server=server_id, members=members)
        return False

    async def _erase_portion(self, server_id: int, moment: datetime) -> bool:
        """Erase a portion of what is stored of a server; return whether there was anything."""
        async with self._database.write() as connection:
            await take_turn(self._database, connection)
            if not await store.was_left_before(connection, server_id, moment):
                return False
            for portion in (self._messages, self._insights, self._topics):
                if await portion(connection, server_id):
                    return True
        return False

    async def _messages(self, connection: Connection, server_id: int) -> bool:
        ids = await store.messages_of_server(connection, server_id, limit=PORTION)
        await erasing.delete_rows(self._database, connection, ids)
        resting = await insights_resting_on(self._database, connection, ids)
        struck = await strike(self._database, connection, resting, Gone(message_ids=frozenset(ids)))
        await self._aftermath.follow(connection, struck)
        return bool(ids)

    async def _insights(self, connection: Connection, server_id: int) -> bool:
        ids = await store.insights_of_server(connection, server_id, limit=PORTION)
        struck = await strike(self._database, connection, ids, Gone(whole=ids))
        await self._aftermath.follow(connection, struck)
        return bool(ids)

    async def _topics(self, connection: Connection, server_id: int) -> bool:
        keys, _entries = await self._ledger.drop_server(connection, server_id, limit=PORTION)
        await erasing.delete_from_runs(self._database, connection, keys)
        return bool(keys)
