"""Sets of ids of any size in a condition: one bound value, whatever the database."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, func, literal, select

if TYPE_CHECKING:
    from zos.db.engine import Database


def is_one_of(
    database: Database, column: ColumnElement[int], ids: Collection[int]
) -> ColumnElement[bool]:
    """Return the condition that `column` is among `ids`, which may be tens of thousands."""
    if database.is_sqlite:
        each = func.json_each(orjson.dumps(list(ids)).decode()).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(literal(list(ids), ARRAY(BigInteger)))
