"""A small community in a real store, and nodes to let loose on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import insert
from tests.conftest import EPOCH
from tests.fakes.model_server import ModelServer
from tests.prompts.made import ANA, BO, BOT, GARDEN, KITCHEN, NAMES, SERVER, consent

from zos.config import Config
from zos.config.model import ModelsConfig
from zos.core.clock import SimulatedClock
from zos.core.ids import new_ulid
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.db import tables
from zos.db.engine import Database
from zos.insights.model import InsightDraft, InsightLine, Method
from zos.insights.store import add_insight
from zos.llm.client import ModelClient
from zos.prompts.engine import TemplateEngine
from zos.reflect.context import TargetBrief, TargetContext
from zos.reflect.node import Node
from zos.reflect.node_types import AnyNode
from zos.reflect.tools import NodeTools
from zos.salience.ledger import SalienceLedger

NOW = EPOCH
CHANNEL = TopicKey.channel(SERVER, GARDEN)
FREE = {"input_per_million_usd": 0, "output_per_million_usd": 0}
_NODE: TypeAdapter[Node] = TypeAdapter(AnyNode)


def node(kind: str, **parameters: Any) -> Node:
    return _NODE.validate_python({"type": kind, **parameters})


def answer(*statements: tuple[str, list[str]], **fields: Any) -> dict[str, Any]:
    """Return what a model fills a reflection with."""
    return {"statements": [{"text": text, "sources": refs} for text, refs in statements], **fields}


class World:
    """The community, and the tools of its nodes."""

    def __init__(
        self, database: Database, tools: NodeTools, server: ModelServer, prompts: Path
    ) -> None:
        self.database, self.tools, self.server, self.prompts = database, tools, server, prompts

    def target(self, topic: TopicKey = CHANNEL, **brief: Any) -> TargetContext:
        made = TargetBrief(
            run_id=new_ulid(NOW),
            target_id=new_ulid(NOW),
            layer="some-layer",
            topic=topic,
            now=NOW,
            last_reflected_at=None,
            consent=consent(ANA, BO),
        )
        return TargetContext(replace(made, **brief))

    async def run(self, context: TargetContext, *nodes: Node) -> TargetContext:
        for one in nodes:
            await one.run(context, self.tools)
        return context

    async def say(
        self,
        number: int,
        author: int,
        text: str,
        *,
        hours_ago: float = 1,
        channel: int | None = GARDEN,
        reply_to: tuple[int, int] | None = None,
        mentions: tuple[int, ...] = (),
    ) -> None:
        """Store message `number`; no channel: a direct message."""
        row = {
            "id": number,
            "server_id": SERVER if channel else None,
            "channel_id": channel or 99,
            "author_id": author,
            "created_at": NOW - timedelta(hours=hours_ago),
            "content": text,
            "reply_to_id": reply_to and reply_to[0],
            "reply_to_author_id": reply_to and reply_to[1],
            "has_media": False,
            "is_bot": author == BOT,
            "scope": (Scope.PUBLIC if channel else Scope.DM).value,
            "booked": True,
        }
        async with self.database.write() as connection:
            await connection.execute(insert(tables.message).values(row))
            for one in mentions:
                await connection.execute(
                    insert(tables.mention).values(message_id=number, member_id=one)
                )

    async def react(self, message: int, emoji: str, member: int, *, hours_ago: float = 1) -> None:
        row = {
            "message_id": message,
            "emoji": emoji,
            "member_id": member,
            "emoji_name": emoji,
            "count": 1,
            "reacted_at": NOW - timedelta(hours=hours_ago),
            "booked": True,
        }
        async with self.database.write() as connection:
            await connection.execute(insert(tables.reaction).values(row))

    async def use(self, emoji_id: int, name: str, *messages: int) -> None:
        """Let messages hold a custom emoji."""
        rows = [{"message_id": one, "emoji_id": emoji_id, "name": name} for one in messages]
        async with self.database.write() as connection:
            await connection.execute(insert(tables.emoji_use), rows)

    async def mention_subject(self, name: str, *messages: int) -> None:
        """Let messages be about a subject."""
        async with self.database.write() as connection:
            await self.tools.ledger.name_subject(
                connection, SERVER, name, messages, NOW, batch=new_ulid(NOW)
            )

    async def understood(
        self,
        topic: TopicKey,
        text: str,
        *,
        hours_ago: float = 24,
        layer: str = "other-layer",
        scope: Scope = Scope.PUBLIC,
        importance: float = 0.5,
    ) -> str:
        """Store an insight and return its id."""
        at = NOW - timedelta(hours=hours_ago)
        draft = InsightDraft(
            topic, (InsightLine(text, (1,)),), Method.MODEL, 0.7, importance, 0.5, scope
        )
        insight_id = new_ulid(at)
        async with self.database.write() as connection:
            await add_insight(
                connection,
                draft,
                insight_id=insight_id,
                layer=layer,
                run_id=new_ulid(at),
                target_id=new_ulid(at),
                salience_spent=1.0,
                at=at,
            )
        return insight_id

    async def ran(self, layer: str, at: datetime, *, run_id: str | None = None) -> str:
        """Store a finished run and return its id."""
        row: dict[str, Any] = dict.fromkeys(
            ("targets_total", "targets_done", "insights_created", "tokens_in", "tokens_out"), 0
        )
        row |= {
            "id": run_id or new_ulid(at),
            "layer": layer,
            "trigger": "schedule",
            "slot": at,
            "slot_count": 1,
            "status": "success",
            "reason": "",
            "created_at": at,
            "started_at": at,
            "clock_at": at,
            "cost_microusd": 0,
        }
        async with self.database.write() as connection:
            await connection.execute(insert(tables.layer_run).values(row))
        return str(row["id"])


async def people(database: Database) -> None:
    async with database.write() as connection:
        await connection.execute(insert(tables.server).values(id=SERVER, name="Commons"))
        channels: list[dict[str, Any]] = [
            {"id": GARDEN, "server_id": SERVER, "name": "garden", "kind": "text"},
            {"id": KITCHEN, "server_id": SERVER, "name": "kitchen", "kind": "text"},
            {"id": 99, "server_id": None, "name": "direct", "kind": "dm"},
        ]
        await connection.execute(insert(tables.channel), channels)
        members = [
            {"id": one, "name": name.lower(), "display_name": name, "is_bot": one == BOT}
            for one, name in NAMES.items()
        ]
        await connection.execute(insert(tables.member), members)


@asynccontextmanager
async def open_world(
    database: Database, config: Config, server: ModelServer, folder: Path
) -> AsyncIterator[World]:
    """Make the community in an empty store: Ana and Bo agreed to be thought about, Cy has not."""
    asked = {
        "provider": "openai",
        "model": "gpt-4o-mini",
        "base_url": server.base_url("openai"),
        "api_key": "sk-secret",
        "price": FREE,
    }
    profiles = {"default": asked, "offline": {}, "strong": {**asked, "model": "gpt-4o"}}
    models = ModelsConfig.model_validate({"profiles": profiles})
    config = config.model_copy(update={"models": models})
    prompts = folder / "prompts"
    prompts.mkdir()
    (prompts / "plain.j2").write_text("{{ messages }}{{ insights }}{{ reactions }}{{ runs }}")
    await people(database)
    client = ModelClient(config, db=database, clock=SimulatedClock(NOW))
    tools = NodeTools.build(
        database,
        SalienceLedger(database, config),
        TemplateEngine(prompts, folder / "self-concept.md"),
        client,
        config,
    )
    try:
        yield World(database, tools, server, prompts)
    finally:
        await client.close()
