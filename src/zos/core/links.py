"""Links into Discord."""

from __future__ import annotations


def message_link(server_id: int | None, channel_id: int, message_id: int) -> str:
    """Return where a message stands on Discord; no server: among direct messages."""
    return f"https://discord.com/channels/{server_id or '@me'}/{channel_id}/{message_id}"
