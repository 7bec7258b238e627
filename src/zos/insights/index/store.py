"""Which rows hold which words, asked of the search index that the database at hand has.

In: bare terms. Out: counts and keys. A term reaches the index as a bound value, quoted or through
`plainto_tsquery`, so that no text is ever read as search syntax.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Table,
    column,
    func,
    literal_column,
    select,
    table,
    union_all,
)

from zos.insights.ranking import COUNTED, MATCHES_READ

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.db.engine import Database

MIN_PART = 3
"""Parts of words that are shorter cannot be looked for."""


class TextIndex(ABC):
    """The search index of one table.

    Args:
        indexed: The table; it has a `content`.
        key: Its integer key.
    """

    counted = COUNTED
    """A term that more rows hold is not counted further."""

    def __init__(self, indexed: Table, key: ColumnElement[int]) -> None:
        self._indexed = indexed
        self._key = key

    async def counts(self, connection: AsyncConnection, terms: Sequence[str]) -> dict[str, int]:
        """Return how many rows hold each of `terms` (one at least), up to `counted`."""
        queries = [
            select(_number(number), func.count().label("rows")).select_from(
                self._holding((term,)).limit(self.counted).subquery()
            )
            for number, term in enumerate(terms)
        ]
        found = (await connection.execute(union_all(*queries))).all()
        return {terms[number]: rows for number, rows in found}

    async def matches(
        self,
        connection: AsyncConnection,
        wanted: Sequence[tuple[str, ...]],
        parts: Sequence[str],
        allowed: Sequence[ColumnElement[bool]],
    ) -> dict[int, frozenset[str]]:
        """Return the terms held by rows that hold all of one of `wanted`, or one of `parts`.

        Args:
            connection: The transaction to read in.
            wanted: Combinations of terms; of each the newest `MATCHES_READ` rows by key are read.
            parts: Terms looked for even within words.
            allowed: Conditions on the rows.
        """
        lookups = [*wanted, *((part,) for part in parts)]
        queries = [*map(self._holding, wanted), *map(self._holding_part, parts)]
        newest = [
            self._of_rows(query.add_columns(_number(number)))
            .where(*allowed)
            .order_by(query.selected_columns.key.desc())
            .limit(MATCHES_READ)
            .subquery()
            for number, query in enumerate(queries)
        ]
        if not newest:
            return {}
        held: dict[int, set[str]] = defaultdict(set)
        for key, number in (await connection.execute(union_all(*map(select, newest)))).all():
            held[key].update(lookups[number])
        return {key: frozenset(terms) for key, terms in held.items()}

    @abstractmethod
    def _holding(self, terms: tuple[str, ...]) -> Select[Any]:
        """Return the query of `key` of rows that hold all of `terms`."""

    @abstractmethod
    def _holding_part(self, part: str) -> Select[Any]:
        """Return the query of `key` of rows that hold `part` within their text."""

    @abstractmethod
    def _of_rows(self, query: Select[Any]) -> Select[Any]:
        """Return `query` with the table's columns at hand for conditions."""


class Fts5Index(TextIndex):
    """SQLite: `<table>_fts` for words, `<table>_trigram` for parts of words."""

    def _holding(self, terms: tuple[str, ...]) -> Select[Any]:
        return self._match(f"{self._indexed.name}_fts", " AND ".join(map(_quoted, terms)))

    def _holding_part(self, part: str) -> Select[Any]:
        return self._match(f"{self._indexed.name}_trigram", _quoted(part))

    def _of_rows(self, query: Select[Any]) -> Select[Any]:
        return query.join(self._indexed, self._key == query.selected_columns.key)

    def _match(self, name: str, expression: str) -> Select[Any]:
        index = table(name, column("rowid"))
        return select(index.c.rowid.label("key")).where(literal_column(name).match(expression))


class TsvectorIndex(TextIndex):
    """PostgreSQL: the column `search` for words, an index on trigrams for parts of words."""

    counted = 2 * MATCHES_READ  # PostgreSQL visits every row that it counts

    def _holding(self, terms: tuple[str, ...]) -> Select[Any]:
        search: ColumnElement[Any] = literal_column(f"{self._indexed.name}.search")
        parsed = (func.plainto_tsquery(literal_column("'english'"), term) for term in terms)
        return self._keys().where(*(search.op("@@")(one) for one in parsed))

    def _holding_part(self, part: str) -> Select[Any]:
        content = self._indexed.c.content
        return self._keys().where(
            func.zos_trigrams(content).op("@>")(func.zos_trigrams(part)),
            func.strpos(func.lower(content), func.lower(part)) > 0,
        )

    def _of_rows(self, query: Select[Any]) -> Select[Any]:
        return query

    def _keys(self) -> Select[Any]:
        return select(self._key.label("key")).select_from(self._indexed)


def text_index(database: Database, indexed: Table, key: ColumnElement[int]) -> TextIndex:
    """Return the search index of a table in the database at hand."""
    return (Fts5Index if database.is_sqlite else TsvectorIndex)(indexed, key)


def _number(number: int) -> ColumnElement[int]:
    return literal_column(str(number), Integer).label("number")


def _quoted(term: str) -> str:
    escaped = term.replace('"', '""')
    return f'"{escaped}"'
