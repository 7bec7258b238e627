"""Who may ask, and what they changed. Secrets stand here as hashes alone."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, String, Table, Text

from zos.db.tables.base import UtcDateTime, metadata

_HASH = String(64)  # SHA-256 in hexadecimal digits
_ROLE = String(16)  # access.principal.Role

login_link = Table(
    "login_link",
    metadata,
    Column("hash", _HASH, primary_key=True),
    Column("name", Text, nullable=False),
    Column("role", _ROLE, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

access_session = Table(
    "access_session",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("hash", _HASH, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", _ROLE, nullable=False),
    Column("agent", Text, nullable=False),  # what the browser calls itself
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),  # to some minutes
    Column("expires_at", UtcDateTime, nullable=False),
)

access_key = Table(
    "access_key",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("hash", _HASH, nullable=False, unique=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", _ROLE, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime),  # last used, to some minutes
    Column("expires_at", UtcDateTime),  # NULL: never
)

audit = Table(
    "audit",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", _ROLE, nullable=False),
    Column("via", String(16), nullable=False),  # access.principal.Via
    Column("action", Text, nullable=False),  # the route's name; empty: refused before any route
    Column("method", String(16), nullable=False),
    Column("target", Text, nullable=False),  # the path, without its query
    Column("status", Integer, nullable=False),  # of HTTP
    Index("ix_audit_name", "name", "id"),
)
