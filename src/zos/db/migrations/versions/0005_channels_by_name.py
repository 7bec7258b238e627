"""Channels by name: a member's name that is a channel's too means the channel."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the index."""
    op.create_index(op.f("ix_channel_name"), "channel", ["name"], unique=False)
