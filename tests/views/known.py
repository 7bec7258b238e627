"""A community that something is known about: topics with a ledger, pairs, and who has consented."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import insert
from tests.insights.conftest import NOON, SERVER, World

from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.consent import ConsentState
from zos.core.ids import new_ulid
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import member, salience_entry, server, topic
from zos.db.tables.base import MICRO
from zos.salience.model import EntryKind


class Known:
    """Writes topics as booking would leave them."""

    def __init__(self, database: Database, config: Config) -> None:
        self.database = database
        self.world = World(database)
        self._consents = ConsentStore(database, config)

    async def consents(self, *member_ids: int, state: ConsentState = ConsentState.GRANTED) -> None:
        for one in member_ids:
            await self._consents.record(one, state, NOON, "operator")

    async def server(self, server_id: int = SERVER, name: str = "Allotment") -> None:
        async with self.database.write() as connection:
            await connection.execute(insert(server).values(id=server_id, name=name, seen_at=NOON))

    async def people(self, *names: tuple[int, str]) -> None:
        rows = [
            {"id": one, "name": name, "display_name": name, "is_bot": False} for one, name in names
        ]
        async with self.database.write() as connection:
            await connection.execute(insert(member), rows)

    async def topic(
        self,
        key: TopicKey,
        *entries: tuple[EntryKind, float],
        at: datetime = NOON,
        new_material: int = 1,
        run_id: str | None = None,
    ) -> None:
        """Put a topic there, with one ledger row a minute."""
        members: Iterable[int | None] = (*key.members, None, None)
        first, second, *_ = members
        balance = sum(round(points * MICRO) for _, points in entries)
        row = {
            "key": str(key),
            "category": key.category.value,
            "budget_group": key.group.value,
            "server_id": key.server_id,
            "channel_id": key.channel_id,
            "member_a": first,
            "member_b": second,
            "balance": balance,
            "decay_base": balance,
            "decay_from": at + timedelta(days=7),
            "last_activity_at": at,
            "new_material": new_material,
            "insight_count": 0,
            "created_at": at,
        }
        async with self.database.write() as connection:
            added = insert(topic).returning(topic.c.id)
            topic_id = (await connection.execute(added, row)).scalar_one()
            for number, (kind, points) in enumerate(entries):
                moment = at + timedelta(minutes=number)
                await connection.execute(
                    insert(salience_entry).values(
                        topic_id=topic_id,
                        kind=kind.value,
                        amount=round(points * MICRO),
                        at=moment,
                        batch=new_ulid(moment),
                        run_id=run_id if points < 0 else None,
                    )
                )
