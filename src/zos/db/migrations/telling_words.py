"""The words by which members' names are looked up, filled in for the members that are there."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from zos.core.names import telling_word

_PORTION = 5_000


def fill_in(connection: sa.Connection, columns: Mapping[str, str]) -> None:
    """Put the words of names where they belong; it may be done again when the rule for them has changed.

    Args:
        connection: The migration's connection.
        columns: The columns of names with those of their words.
    """
    member = sa.table("member", sa.column("id"), *map(sa.column, (*columns, *columns.values())))
    change = sa.update(member).where(member.c.id == sa.bindparam("member"))
    change = change.values({word: sa.bindparam(f"new_{word}") for word in columns.values()})
    last = 0
    while True:
        page = sa.select(member).where(member.c.id > last).order_by(member.c.id).limit(_PORTION)
        members = connection.execute(page).mappings().all()
        if not members:
            return
        rows = [
            {
                "member": one["id"],
                **{f"new_{word}": telling_word(one[name] or "") for name, word in columns.items()},
            }
            for one in members
        ]
        connection.execute(change, rows)
        last = members[-1]["id"]
