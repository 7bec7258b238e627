"""Sets of ids or keys of any size in a condition: one bound value, whatever the database."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeVar

import orjson
from sqlalchemy import ARRAY, ColumnElement, any_, func, literal, select

if TYPE_CHECKING:
    from zos.db.engine import Database


_Value = TypeVar("_Value", int, str)


def is_one_of(
    database: Database, column: ColumnElement[_Value], values: Collection[_Value]
) -> ColumnElement[bool]:
    """Return the condition that `column` is among `values`, which may be tens of thousands."""
    if database.is_sqlite:
        each = func.json_each(orjson.dumps(list(values)).decode()).table_valued("value")
        return column.in_(select(each.c.value))
    return column == any_(literal(list(values), ARRAY(column.type)))
