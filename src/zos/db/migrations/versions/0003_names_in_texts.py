"""The words by which members' names are looked up where they stand in a text."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from zos.core.names import telling_word

revision = "0003"
down_revision = "0002"

_MEMBER = sa.table(
    "member",
    sa.column("id", sa.BigInteger),
    sa.column("name", sa.Text),
    sa.column("display_name", sa.Text),
    sa.column("name_word", sa.Text),
    sa.column("display_word", sa.Text),
)
_PORTION = 5_000


def upgrade() -> None:
    """Add the words, fill them in for the members that are there, and index them."""
    for column in ("name_word", "display_word"):
        op.add_column("member", sa.Column(column, sa.Text(), nullable=True))
    _fill_in(op.get_bind())
    for column in ("name_word", "display_word"):
        op.create_index(op.f(f"ix_member_{column}"), "member", [column], unique=False)


def _fill_in(connection: sa.Connection) -> None:
    query = sa.select(_MEMBER.c.id, _MEMBER.c.name, _MEMBER.c.display_name)
    change = (
        sa.update(_MEMBER)
        .where(_MEMBER.c.id == sa.bindparam("member"))
        .values(name_word=sa.bindparam("first"), display_word=sa.bindparam("second"))
    )
    last = 0
    while True:
        page = query.where(_MEMBER.c.id > last).order_by(_MEMBER.c.id).limit(_PORTION)
        members = connection.execute(page).all()
        if not members:
            return
        rows = [
            {
                "member": one.id,
                "first": telling_word(one.name),
                "second": telling_word(one.display_name),
            }
            for one in members
        ]
        connection.execute(change, rows)
        last = members[-1].id
