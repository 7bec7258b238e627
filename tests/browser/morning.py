"""A conversation of today in the demo's community, so that its pages show something under way.

In: the sample's archive. Out: the last day of it in DiscordChatExporter's layout, told as of now.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from zos.core.ids import snowflake_floor
from zos.demo.sample import sample

_LAST = 40
_ROOM = "commons.json"


def write_morning(path: Path) -> None:
    """Write the last messages of the sample's main channel as if the last had been said just now."""
    with sample() as folder:
        archive = json.loads((folder / _ROOM).read_text("utf-8"))
    archive["messages"] = _moved(archive["messages"][-_LAST:], datetime.now(UTC))
    path.write_text(json.dumps(archive), "utf-8")


def _moved(messages: list[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """Return the messages a minute apart, without what pointed at others of their time."""
    moved = []
    for minutes, message in enumerate(reversed(messages), start=1):
        at = now - timedelta(minutes=minutes)
        here = {"id": str(snowflake_floor(at)), "timestamp": at.isoformat()}
        moved.append({**message, **here, "timestampEdited": None, "reference": None})
    return moved[::-1]
