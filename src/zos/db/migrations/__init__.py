"""Alembic's scripts: one file a revision, numbered in order."""
