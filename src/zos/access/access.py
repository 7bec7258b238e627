"""`Access`: all of it together, over one store.

In: the store, the time, the operator's token. Out: what the gate, the routes and the pages ask.
"""

from __future__ import annotations

from dataclasses import dataclass

from zos.access.audit.store import AuditLog
from zos.access.keys.store import Keys
from zos.access.login.attempts import Attempts
from zos.access.login.cookie import SessionCookie
from zos.access.login.store import Grant, LoginLinks
from zos.access.principal import Role
from zos.access.sessions.store import Sessions
from zos.access.token import OperatorToken
from zos.config.model import ApiConfig
from zos.core.clock import Clock
from zos.db.engine import Database

OPERATOR = Grant("operator", Role.OPERATOR)
"""Whom the token makes its bearer."""


@dataclass(frozen=True, slots=True)
class Books:
    """What the store knows of it."""

    links: LoginLinks
    sessions: Sessions
    keys: Keys
    audit: AuditLog


@dataclass(frozen=True, slots=True)
class Access(Books):
    """The books, and what a running service has besides."""

    token: OperatorToken
    attempts: Attempts
    cookie: SessionCookie


def open_books(database: Database, clock: Clock) -> Books:
    """Return the books of an open store."""
    return Books(
        LoginLinks(database, clock),
        Sessions(database, clock),
        Keys(database, clock),
        AuditLog(database, clock),
    )


def open_access(
    database: Database, clock: Clock, token: OperatorToken, settings: ApiConfig
) -> Access:
    """Return all of it over an open store."""
    books = open_books(database, clock)
    return Access(
        links=books.links,
        sessions=books.sessions,
        keys=books.keys,
        audit=books.audit,
        token=token,
        attempts=Attempts(clock),
        cookie=SessionCookie.of(settings),
    )
