"""An archive of a conversation that has just happened, for tests that run on the machine's clock.

In: a folder and the present. Out: one export (DiscordChatExporter's JSON) and a file of consents.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

SERVER = 900
MEMBERS = {11: "Ann", 12: "Ben", 13: "Cleo"}
_DISCORD_EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
_SAID = (
    "The kiln in the shed was still warm at {n} this morning",
    "I counted {n} bowls on the lower shelf, two of them cracked",
    "Who moved the kiln thermometer, does anybody know?",
    "We fire the second load at {n} if the glaze is dry",
    "My glaze ran down {n} cm, so the shelf needs scraping",
)


def write_chat(
    folder: Path, now: datetime, *, channels: Sequence[int] = (101,), per_channel: int = 12
) -> Path:
    """Write an export a channel, all of the last hours before `now`, and return their folder."""
    exports = folder / "exports"
    exports.mkdir(parents=True)
    for number, channel in enumerate(channels):
        start = now - timedelta(hours=6, seconds=number)
        messages = [_message(channel, start, n) for n in range(per_channel)]
        (exports / f"{channel}.json").write_text(json.dumps(_export(channel, messages)))
    return exports


def write_consents(folder: Path, now: datetime) -> Path:
    """Write the file of consents: everybody's."""
    granted = [
        {"member_id": str(one), "consent": "granted", "at": (now - timedelta(days=9)).isoformat()}
        for one in MEMBERS
    ]
    path = folder / "consents.json"
    path.write_text(json.dumps(granted))
    return path


def channel_key(channel: int) -> str:
    """Return the topic key of one of its channels."""
    return f"server:{SERVER}:channel:{channel}"


def _export(channel: int, messages: list[dict[str, object]]) -> dict[str, object]:
    return {
        "guild": {"id": str(SERVER), "name": "Pottery", "iconUrl": ""},
        "channel": {
            "id": str(channel),
            "type": "GuildTextChat",
            "categoryId": "1",
            "category": "Rooms",
            "name": f"kiln-{channel}",
            "topic": None,
        },
        "dateRange": {"after": None, "before": None},
        "messages": messages,
        "messageCount": len(messages),
    }


def _message(channel: int, start: datetime, number: int) -> dict[str, object]:
    at = start + timedelta(minutes=5 * number)
    author = sorted(MEMBERS)[number % len(MEMBERS)]
    milliseconds = (at - _DISCORD_EPOCH) // timedelta(milliseconds=1)
    return {
        "id": str((milliseconds << 22) + channel % 4096),
        "type": "Default",
        "timestamp": at.isoformat(),
        "timestampEdited": None,
        "isPinned": False,
        "content": _SAID[number % len(_SAID)].format(n=number + 2) + f" ({channel})",
        "author": {
            "id": str(author),
            "name": MEMBERS[author].lower(),
            "discriminator": "0000",
            "nickname": MEMBERS[author],
            "isBot": False,
            "roles": [],
        },
        "attachments": [],
        "embeds": [],
        "reactions": [],
        "mentions": [],
    }
