"""Sets of ids or keys of any size in a condition: one bound value, whatever the database."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from sqlalchemy import ARRAY, ColumnElement, Dialect, String, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

if TYPE_CHECKING:
    from sqlalchemy.sql.compiler import SQLCompiler

    from zos.db.engine import Database


_Value = TypeVar("_Value", int, str)


def is_one_of(
    _database: Database, column: ColumnElement[_Value], values: Collection[_Value]
) -> ColumnElement[bool]:
    """Return the condition that `column` is among `values`, which may be tens of thousands."""
    return _OneOf(column, bindparam(None, values, _Set(column.type)))


def one_of(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return the same condition for a prepared statement, which is given the values as `name`."""
    return _OneOf(column, bindparam(name, type_=_Set(column.type)))


class _Set(TypeDecorator[Collection[Any]]):
    """A collection as one value: a list in JSON on SQLite, an array on PostgreSQL."""

    impl = String
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return what the driver is given."""
        return dialect.type_descriptor(String() if _is_sqlite(dialect) else ARRAY(self.item))

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> object:
        """Turn a collection into that."""
        several = list(value or ())
        return orjson.dumps(several).decode() if _is_sqlite(dialect) else several


class _OneOf(FunctionElement[bool]):
    """That a column is in a set.

    It has no type: of a boolean one, SQLite is asked whether it `= 1`, and then uses no index.
    """

    inherit_cache = True


@compiles(_OneOf, "sqlite")
def _in_json(element: _OneOf, compiler: SQLCompiler, **keywords: Any) -> str:
    column, values = (compiler.process(one, **keywords) for one in element.clauses)
    return f"({column} IN (SELECT value FROM json_each({values})))"  # noqa: S608 - compiled parts


@compiles(_OneOf, "postgresql")
def _in_array(element: _OneOf, compiler: SQLCompiler, **keywords: Any) -> str:
    column, values = (compiler.process(one, **keywords) for one in element.clauses)
    return f"({column} = ANY ({values}))"


def _is_sqlite(dialect: Dialect) -> bool:
    return dialect.name == "sqlite"
