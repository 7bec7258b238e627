"""What was posted of a text, so that it can be deleted where it stands."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zos.db.tables.base import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns; of what was posted before, nothing is known."""
    op.add_column("outbox", sa.Column("posted", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("outbox", sa.Column("withdrawn_at", UtcDateTime(), nullable=True))
    op.add_column("outbox", sa.Column("erasure_id", sa.String(length=26), nullable=True))
    op.create_index("ix_outbox_run", "outbox", ["run_id"], unique=False)
