"""Which insights each outgoing text tells of, and whom it calls by name."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_TARGET_ID_LENGTH = 26

_TEXT = sa.table(
    "outbox",
    sa.column("id", sa.String),
    sa.column("run_id", sa.String),
    sa.column("dedup_key", sa.Text),
    sa.column("payload", sa.JSON),
    sa.column("next_attempt_at"),
)
_INSIGHT = sa.table(
    "insight",
    sa.column("id", sa.String),
    sa.column("run_id", sa.String),
    sa.column("target_id", sa.String),
)
_TOLD = sa.table(
    "outbox_insight", sa.column("text_id", sa.String), sa.column("insight_id", sa.String)
)


def upgrade() -> None:
    """Make the tables, and fill in what is known of texts from before."""
    op.create_table("outbox_insight", *_of_a_text("insight_id", sa.String(length=26)))
    op.create_table("outbox_member", *_of_a_text("member_id", sa.BigInteger()))
    op.create_index(op.f("ix_outbox_member_member_id"), "outbox_member", ["member_id"])
    connection = op.get_bind()
    _move_from_payloads(connection)
    _take_all_of_their_targets(connection)


def _of_a_text(what: str, kind: sa.types.TypeEngine[Any]) -> list[sa.schema.SchemaItem]:
    table = f"outbox_{what.removesuffix('_id')}"
    its = sa.ForeignKeyConstraint(
        ["text_id"], ["outbox.id"], name=op.f(f"fk_{table}_text_id_outbox"), ondelete="CASCADE"
    )
    return [
        sa.Column("text_id", sa.String(length=26), nullable=False),
        sa.Column(what, kind, nullable=False, autoincrement=False),
        its,
        sa.PrimaryKeyConstraint("text_id", what, name=op.f(f"pk_{table}")),
    ]


def _move_from_payloads(connection: sa.Connection) -> None:
    """Texts that wait say in their payload what they tell of."""
    waiting = sa.select(_TEXT.c.id, _TEXT.c.payload).where(_TEXT.c.next_attempt_at.is_not(None))
    for text_id, payload in connection.execute(waiting).all():
        if told := payload.pop("insights", None):
            rows = [{"text_id": text_id, "insight_id": one} for one in dict.fromkeys(told)]
            connection.execute(sa.insert(_TOLD), rows)
            change = sa.update(_TEXT).where(_TEXT.c.id == text_id)
            connection.execute(change.values(payload=payload))


def _take_all_of_their_targets(connection: sa.Connection) -> None:
    """What others told of is not known any more: all of their target counts, which is safe."""
    of_target = sa.and_(
        _INSIGHT.c.run_id == _TEXT.c.run_id,
        _INSIGHT.c.target_id == sa.func.substr(_TEXT.c.dedup_key, 1, _TARGET_ID_LENGTH),
    )
    is_known = sa.exists().where(_TOLD.c.text_id == _TEXT.c.id)
    all_of_it = sa.select(_TEXT.c.id, _INSIGHT.c.id).join_from(_TEXT, _INSIGHT, of_target)
    add = sa.insert(_TOLD).from_select(["text_id", "insight_id"], all_of_it.where(~is_known))
    connection.execute(add)
