"""Messages, reactions and insights as they come from the store, with everything that does not matter filled in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from zos.core.consent import ConsentMode, ConsentView
from zos.core.scopes import Scope
from zos.core.topics import TopicKey
from zos.insights.model import Insight, InsightStatus, Method
from zos.observe.store import StoredMessage, StoredReaction

SERVER, GARDEN, KITCHEN = 1, 10, 11
ANA, BO, CY, DEE, BOT = 101, 102, 103, 104, 199
NAMES = {ANA: "Ana", BO: "Bo", CY: "Cy Young", DEE: "Dee", BOT: "Zos"}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def consent(*granted: int, denied: frozenset[int] = frozenset()) -> ConsentView:
    return ConsentView(ConsentMode.OPT_IN, frozenset(granted), denied)


EVERYBODY = consent(ANA, BO, CY, DEE)


def message(number: int, author_id: int, content: str, **fields: Any) -> StoredMessage:
    defaults: dict[str, Any] = {
        "server_id": SERVER,
        "channel_id": GARDEN,
        "channel_name": "garden",
        "in_thread": False,
        "author_name": NAMES[author_id],
        "is_bot": author_id == BOT,
        "created_at": NOON + timedelta(minutes=number),
        "reply_to_id": None,
        "reply_to_author_id": None,
        "mention_ids": (),
        "scope": Scope.PUBLIC,
    }
    return StoredMessage(id=number, author_id=author_id, content=content, **{**defaults, **fields})


def reaction(message_id: int, emoji: str, member_id: int | None, **fields: Any) -> StoredReaction:
    defaults: dict[str, Any] = {
        "emoji_id": None,
        "emoji_name": emoji,
        "count": 1,
        "reacted_at": NOON + timedelta(minutes=message_id),
    }
    return StoredReaction(
        message_id=message_id, emoji=emoji, member_id=member_id, **{**defaults, **fields}
    )


def insight(insight_id: str, topic: TopicKey, content: str, **fields: Any) -> Insight:
    defaults: dict[str, Any] = {
        "seq": 1,
        "server_id": topic.server_id,
        "layer": "some-layer",
        "run_id": "R",
        "created_at": NOON - timedelta(days=1),
        "method": Method.MODEL,
        "confidence": 0.7,
        "importance": 0.5,
        "novelty": 0.5,
        "strength": 1.0,
        "valence": None,
        "open_questions": (),
        "scope": Scope.PUBLIC,
        "status": InsightStatus.ACTIVE,
        "supersedes": None,
        "conflicts_with": (),
    }
    return Insight(id=insight_id, topic=topic, content=content, **{**defaults, **fields})
