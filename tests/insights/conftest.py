"""A small community: people who say things, and what was understood about them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import delete, update

from zos.core.consent import ConsentMode, ConsentView
from zos.core.names import telling_word
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.db.tables import channel, member, message, server
from zos.insights.model import InsightDraft, InsightLine, Method
from zos.insights.store import add_insight

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SERVER, CHANNEL = 1, 10
RUN = "run".rjust(26, "0")
ANN, BEN, CAT = 101, 102, 103
EVERYBODY = ConsentView(ConsentMode.OPT_OUT, frozenset(), frozenset())


def consented(*member_ids: int) -> ConsentView:
    return ConsentView(ConsentMode.OPT_IN, frozenset(member_ids), frozenset())


class World:
    """Writes rows as importer and executor would leave them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._numbers = count(1)

    async def say(
        self,
        content: str,
        *,
        author: int = ANN,
        channel_id: int = CHANNEL,
        server_id: int | None = SERVER,
        at: datetime | None = None,
        is_bot: bool = False,
        scope: Scope = Scope.PUBLIC,
    ) -> int:
        """Store a message, a minute after the last unless `at` says otherwise; return its id."""
        number = next(self._numbers)
        await self._found(author, channel_id, server_id, is_bot=is_bot)
        row = {
            "id": 1_000 + number,
            "server_id": server_id,
            "channel_id": channel_id,
            "author_id": author,
            "created_at": at or NOON - timedelta(days=1) + timedelta(minutes=number),
            "content": content,
            "has_media": False,
            "is_bot": is_bot,
            "scope": scope.value,
            "booked": True,
        }
        async with self.database.write() as connection:
            await connection.execute(self.database.insert(message), row)
        return 1_000 + number

    async def chatter(self, content: str, *, count: int) -> None:
        """Store many messages at once, a second apart and each in the midst of others."""
        first = await self.say(content)
        row = {"server_id": SERVER, "channel_id": CHANNEL, "author_id": ANN, "content": content}
        fixed = {"has_media": False, "is_bot": False, "scope": Scope.PUBLIC.value, "booked": True}
        numbers = [next(self._numbers) for _ in range(count - 1)]
        start = NOON - timedelta(days=2)
        rows = [
            {"id": 1_000 + number, "created_at": start + timedelta(seconds=number), **row, **fixed}
            for number in numbers
        ]
        assert first < 1_000 + numbers[0]
        async with self.database.write() as connection:
            await connection.execute(self.database.insert(message), rows)

    async def edit(self, message_id: int, content: str) -> None:
        async with self.database.write() as connection:
            await connection.execute(
                update(message).where(message.c.id == message_id).values(content=content)
            )

    async def forget(self, message_id: int) -> None:
        async with self.database.write() as connection:
            await connection.execute(delete(message).where(message.c.id == message_id))

    async def learn(
        self,
        *texts: str,
        topic: TopicKey | None = None,
        message_ids: Iterable[int] = (1,),
        insight_ids: Iterable[str] = (),
        at: datetime = NOON,
        layer: str = "nightly",
        run_id: str = RUN,
        scope: Scope = Scope.PUBLIC,
        named: Iterable[int] = (),
        quoted: Iterable[int] = (),
        importance: float = 0.5,
        confidence: float = 0.5,
        supersedes: str | None = None,
        conflicts_with: tuple[str, ...] = (),
    ) -> str:
        """Store an insight, each line with the same sources; return its id."""
        sources = (tuple(message_ids), tuple(insight_ids))
        draft = InsightDraft(
            topic=topic or TopicKey.channel(SERVER, CHANNEL),
            lines=tuple(InsightLine(text, *sources) for text in texts),
            method=Method.EXTRACTIVE,
            confidence=confidence,
            importance=importance,
            novelty=0.5,
            scope=scope,
            named_member_ids=frozenset(named),
            quoted_member_ids=frozenset(quoted),
            supersedes=supersedes,
            conflicts_with=conflicts_with,
        )
        return await self.store(draft, at=at, layer=layer, run_id=run_id)

    async def store(
        self,
        draft: InsightDraft,
        *,
        at: datetime = NOON,
        layer: str = "nightly",
        run_id: str = RUN,
        spent: float = 1.0,
    ) -> str:
        insight_id = f"{next(self._numbers):026d}"
        async with self.database.write() as connection:
            await add_insight(
                connection,
                draft,
                insight_id=insight_id,
                layer=layer,
                run_id=run_id,
                target_id="target".rjust(26, "0"),
                salience_spent=spent,
                at=at,
            )
        return insight_id

    async def _found(
        self, author: int, channel_id: int, server_id: int | None, *, is_bot: bool
    ) -> None:
        insert = self.database.insert
        kind = "dm" if server_id is None else "text"
        place = {"id": channel_id, "server_id": server_id, "name": f"c{channel_id}", "kind": kind}
        name = f"member{author}"
        person = {
            "id": author,
            "name": name,
            "display_name": name,
            "name_word": telling_word(name),
            "is_bot": is_bot,
        }
        async with self.database.write() as connection:
            if server_id is not None:
                row = {"id": server_id, "name": f"server {server_id}"}
                await connection.execute(insert(server).on_conflict_do_nothing(), row)
            await connection.execute(insert(channel).on_conflict_do_nothing(), place)
            await connection.execute(insert(member).on_conflict_do_nothing(), person)


@pytest.fixture
def world(database: Database) -> World:
    return World(database)
