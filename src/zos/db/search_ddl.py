"""The text search indexes: FTS5 tables kept by triggers on SQLite, generated tsvectors on PostgreSQL.

Words of messages and insights are stemmed as English (porter, snowball). Parts of insights' words,
for any language, are found by trigrams: `insight_trigram` on SQLite, `zos_trigrams` on PostgreSQL,
which needs no extension. Triggers keep the FTS5 tables, so that no writer can forget to.
"""

from __future__ import annotations

_FTS5 = {
    # index: (table, its integer key, tokenizer)
    "message_fts": ("message", "id", "porter unicode61"),
    "insight_fts": ("insight", "seq", "porter unicode61"),
    "insight_trigram": ("insight", "seq", "trigram"),
}

FTS5_INDEXES = tuple(_FTS5)
"""The search indexes of a SQLite store."""

_TRIGRAMS = """
CREATE FUNCTION zos_trigrams(words text) RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(lower(words), place, 3)), '{}')
    FROM generate_series(1, length(lower(words)) - 2) AS place
$$
"""
# New rows go into the index at once: a list of pending ones would be read through by every search.
_AT_ONCE = "WITH (fastupdate = off)"
_TRIGRAM_INDEX = (
    f"CREATE INDEX ix_insight_trigram ON insight USING gin (zos_trigrams(content)) {_AT_ONCE}"
)


def statements(dialect_name: str) -> list[str]:
    """Return the DDL for one dialect, in order."""
    if dialect_name == "sqlite":
        return [part for index, row in _FTS5.items() for part in _fts5(index, *row)]
    words = [part for table in ("message", "insight") for part in _tsvector(table)]
    return [*words, _TRIGRAMS, _TRIGRAM_INDEX]


def _fts5(index: str, table: str, key: str, tokenizer: str) -> list[str]:
    add = f"INSERT INTO {index}(rowid, content) VALUES (new.{key}, new.content);"  # noqa: S608 - constants
    drop = (
        f"INSERT INTO {index}({index}, rowid, content) VALUES ('delete', old.{key}, old.content);"  # noqa: S608
    )
    return [
        (
            f"CREATE VIRTUAL TABLE {index} USING fts5("
            f"content, content='{table}', content_rowid='{key}', tokenize='{tokenizer}')"
        ),
        f"CREATE TRIGGER {index}_insert AFTER INSERT ON {table} BEGIN {add} END",
        f"CREATE TRIGGER {index}_delete AFTER DELETE ON {table} BEGIN {drop} END",
        f"CREATE TRIGGER {index}_update AFTER UPDATE OF content ON {table} BEGIN {drop} {add} END",
    ]


def _tsvector(table: str) -> list[str]:
    return [
        (
            f"ALTER TABLE {table} ADD COLUMN search tsvector "
            "GENERATED ALWAYS AS (to_tsvector('english', content)) STORED"
        ),
        f"CREATE INDEX ix_{table}_search ON {table} USING gin (search) {_AT_ONCE}",
    ]
