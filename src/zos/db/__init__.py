"""Storage: one schema for SQLite and PostgreSQL, its engine and its migrations."""
