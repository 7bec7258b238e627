"""Archives for tests, as DiscordChatExporter writes them: small, and every field can be said."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
SERVER, CHANNEL = 500, 600


def person(number: int, **extra: Any) -> dict[str, Any]:
    """A user as an archive shows them, with their roles."""
    return {
        "id": str(number),
        "name": f"user{number}",
        "discriminator": "0000",
        "nickname": f"User {number}",
        "color": None,
        "isBot": False,
        "roles": [],
        "avatarUrl": "",
        **extra,
    }


def said(number: int, author: int = 1, text: str = "", **extra: Any) -> dict[str, Any]:
    """A message: the number is its id, and the minute after `START` at which it was written."""
    return {
        "id": str(number),
        "type": "Default",
        "timestamp": (START + timedelta(minutes=number)).isoformat(),
        "timestampEdited": None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": text or f"message {number}",
        "author": person(author),
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
        "inlineEmojis": [],
        **extra,
    }


def reacted(name: str, *users: int, emoji_id: str = "", count: int | None = None) -> dict[str, Any]:
    """A reaction of `users`, or of `count` people unknown."""
    shown = [{key: one for key, one in person(who).items() if key != "roles"} for who in users]
    emoji = {"id": emoji_id, "name": name, "code": name, "isAnimated": False, "imageUrl": ""}
    return {"emoji": emoji, "count": len(users) if count is None else count, "users": shown}


def answering(number: int) -> dict[str, Any]:
    """The fields of a reply to message `number`."""
    reference = {"messageId": str(number), "channelId": str(CHANNEL), "guildId": str(SERVER)}
    return {"type": "Reply", "reference": reference}


def export(messages: Iterable[Any], **channel: Any) -> dict[str, Any]:
    """A whole archive of a channel."""
    told = list(messages)
    return {
        "guild": {"id": str(SERVER), "name": "The Server", "iconUrl": ""},
        "channel": {
            "id": str(CHANNEL),
            "type": "GuildTextChat",
            "categoryId": None,
            "category": None,
            "name": "general",
            "topic": "Anything",
            **channel,
        },
        "dateRange": {"after": None, "before": None},
        "exportedAt": (START + timedelta(days=60)).isoformat(),
        "messages": told,
        "messageCount": len(told),
    }


def write(path: Path, archive: Any, indent: int | None = 2) -> Path:
    """Write an archive to a file and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(archive, indent=indent, ensure_ascii=False), encoding="utf-8")
    return path
