"""Reactions in the database."""
