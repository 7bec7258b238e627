"""Sums of model calls by local day, which are made by whoever looks first; and an index of the calls that failed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_SUMS = ("calls", "failed", "tokens_in", "tokens_out", "cost_microusd")


def upgrade() -> None:
    """Create the empty tables and the index."""
    op.create_table(
        "call_sum",
        sa.Column("by", sa.String(length=16), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _SUMS),
        sa.PrimaryKeyConstraint("by", "day", "name", name=op.f("pk_call_sum")),
    )
    op.create_table(
        "call_sum_zone",
        sa.Column("zone", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("zone", name=op.f("pk_call_sum_zone")),
    )
    failed = sa.text("outcome NOT IN ('reserved', 'ok')")
    op.create_index(
        "ix_model_call_failed",
        "model_call",
        ["id"],
        unique=False,
        sqlite_where=failed,
        postgresql_where=failed,
    )
