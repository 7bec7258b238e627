"""What members call themselves everywhere, where a server's nickname stands over it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the name, and the word that it is looked up by; it is learned with the next event."""
    for column in ("global_name", "global_word"):
        op.add_column("member", sa.Column(column, sa.Text(), nullable=True))
    op.create_index(op.f("ix_member_global_word"), "member", ["global_word"], unique=False)
