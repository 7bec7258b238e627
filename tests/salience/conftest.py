"""What the tests on a store share: a ledger, and a community that can be put there in one line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import insert
from tests.salience.made import EVERYBODY, SERVER, START

from zos.config import Config
from zos.core.consent import ConsentView
from zos.core.ids import new_ulid
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import channel, member, message, server
from zos.salience.earning import Activity
from zos.salience.ledger import SalienceLedger
from zos.salience.model import Booked, SpendResult, TopicView


class Community:
    """A ledger with what tests do to it."""

    def __init__(self, database: Database, config: Config) -> None:
        self.db = database
        self.ledger = SalienceLedger(database, config)

    async def book(
        self,
        *activities: Activity,
        consent: ConsentView = EVERYBODY,
        agent_id: int | None = None,
        batch: str | None = None,
    ) -> Booked:
        async with self.db.write() as connection:
            return await self.ledger.book(
                connection,
                activities,
                consent,
                batch=batch or new_ulid(START),
                agent_id=agent_id,
            )

    async def spend(
        self, key: TopicKey, tokens: int, *, at: datetime = START, **facts: Any
    ) -> SpendResult:
        async with self.db.write() as connection:
            return await self.ledger.spend(
                connection,
                key,
                tokens=tokens,
                at=at,
                run_id=facts.pop("run_id", "run"),
                batch=new_ulid(START),
                **facts,
            )

    async def topic(self, key: TopicKey) -> TopicView:
        found = await self.ledger.topic(key)
        assert found is not None
        return found

    async def points(self, key: TopicKey) -> float:
        return (await self.topic(key)).balance_micro / 1e6

    async def add_servers(self, *ids: int, left_at: datetime | None = None) -> None:
        rows = [{"id": one, "name": f"server {one}", "left_at": left_at} for one in ids]
        async with self.db.write() as connection:
            await connection.execute(insert(server), rows)

    async def add_members(self, *ids: int, is_bot: bool = False) -> None:
        rows = [
            {"id": one, "name": str(one), "display_name": str(one), "is_bot": is_bot} for one in ids
        ]
        async with self.db.write() as connection:
            await connection.execute(insert(member), rows)

    async def add_messages(self, ids: Sequence[int], server_id: int = SERVER) -> None:
        """Store messages of member 1 in the one channel of a server (which is made here too)."""
        await self.add_servers(server_id)
        channel_id = server_id * 10
        rows = [
            {
                "id": one,
                "server_id": server_id,
                "channel_id": channel_id,
                "author_id": 1,
                "created_at": START,
                "content": "hello",
                "has_media": False,
                "is_bot": False,
                "scope": "public",
                "booked": True,
            }
            for one in ids
        ]
        async with self.db.write() as connection:
            place = {"id": channel_id, "server_id": server_id, "name": "c", "kind": "text"}
            await connection.execute(insert(channel), [place])
            await connection.execute(insert(message), rows)


@pytest.fixture
def community(database: Database, config: Config) -> Community:
    """An empty community on each database in turn."""
    return Community(database, config)
