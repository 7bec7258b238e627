"""The text search indexes: FTS5 on SQLite, tsvector on PostgreSQL."""
