"""What the tests of this room share: the room's parts on a store, and a picture of what is stored."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.conftest import EPOCH

from zos.config import Config
from zos.consent.store import ConsentRecord, ConsentStore
from zos.core.clock import SimulatedClock
from zos.core.consent import ConsentState
from zos.db.engine import Database
from zos.db.tables import (
    channel,
    emoji_use,
    erasure,
    member,
    member_role,
    mention,
    message,
    metadata,
    reaction,
    role_mention,
    server,
    topic,
)
from zos.observe.booking import BookedHistory, HistoryBooker
from zos.observe.events import Event
from zos.observe.importer import Importer, ImportReport
from zos.observe.recorder import Recorded, Recorder
from zos.observe.store import MessageStore
from zos.salience.ledger import SalienceLedger

OBSERVED = (
    server,
    channel,
    member,
    member_role,
    message,
    mention,
    emoji_use,
    role_mention,
    reaction,
)


@dataclass
class Room:
    """Recorder, importer and booker on one store."""

    database: Database
    config: Config
    clock: SimulatedClock

    def __post_init__(self) -> None:
        self.consents = ConsentStore(self.database, self.config)
        self.ledger = SalienceLedger(self.database, self.config)
        self.store = MessageStore(self.database)

    def in_batches_of(self, size: int) -> Room:
        """The same room, with transactions of so many events."""
        observe = self.config.observe.model_copy(update={"batch_size": size})
        return replace(self, config=self.config.model_copy(update={"observe": observe}))

    @property
    def recorder(self) -> Recorder:
        return Recorder(self.database, self.ledger, self.consents, self.config, clock=self.clock)

    @property
    def importer(self) -> Importer:
        return Importer(self.database, self.consents, self.config, clock=self.clock)

    @property
    def booker(self) -> HistoryBooker:
        return HistoryBooker(
            self.database, self.ledger, self.consents, self.config, clock=self.clock
        )

    async def record(self, *events: Event) -> Recorded:
        return await self.recorder.record(events)

    async def bring_in(self, *paths: Path) -> ImportReport:
        return await self.importer.import_paths(paths)

    async def book(self) -> BookedHistory:
        return await self.booker.book_until(self.clock.now())

    async def consent(self, *members: int, state: ConsentState = ConsentState.GRANTED) -> None:
        at = self.clock.now()
        await self.consents.record_many([ConsentRecord(who, state, at, "test") for who in members])

    async def erase(self, member_id: int) -> None:
        row = {"id": str(member_id), "member_id": member_id, "receipt": {}}
        async with self.database.write() as connection:
            at = self.clock.now()
            await connection.execute(erasure.insert(), row | {"requested_at": at})

    async def rows(self, table: Any, *columns: str) -> list[tuple[Any, ...]]:
        """All rows of a table, of those columns, in order."""
        shown = [table.c[name] for name in columns] or list(table.c)
        async with self.database.read() as connection:
            found = await connection.execute(select(*shown).order_by(*table.primary_key.columns))
            return [tuple(row) for row in found]

    async def picture(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that was observed."""
        return {table.name: await self.rows(table) for table in OBSERVED}

    async def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all tables but the schema's own, to see that nothing changed."""
        return {table.name: await self.rows(table) for table in metadata.sorted_tables}

    async def balances(self) -> dict[str, tuple[Any, ...]]:
        """Every topic with its figures."""
        names = ("balance", "decay_base", "decay_from", "last_activity_at", "new_material")
        return {key: tuple(rest) for key, *rest in await self.rows(topic, "key", *names)}

    async def audited(self) -> None:
        """Fail unless every balance is its ledger's sum."""
        assert await self.ledger.audit() == []


@pytest.fixture
def room(database: Database, config: Config) -> Room:
    """The room's parts on an empty store, by a clock that stands well after all tests' events."""
    return Room(database, config, SimulatedClock(EPOCH.replace(year=2027)))
