"""The words by which members' names are looked up where they stand in a text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zos.db.migrations.telling_words import fill_in

revision = "0003"
down_revision = "0002"

_WORDS = {"name": "name_word", "display_name": "display_word"}


def upgrade() -> None:
    """Add the words, fill them in for the members that are there, and index them."""
    for column in _WORDS.values():
        op.add_column("member", sa.Column(column, sa.Text(), nullable=True))
    fill_in(op.get_bind(), _WORDS)
    for column in _WORDS.values():
        op.create_index(op.f(f"ix_member_{column}"), "member", [column], unique=False)
