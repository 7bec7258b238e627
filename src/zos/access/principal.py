"""Who asks: in: a request's scope. Out: a `Principal`, put there by the gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from zos.core.errors import ForbiddenError

BY_HEADER = "zos-by"
"""In it the command line says, percent-encoded, which user of the machine it asks for."""


class Role(StrEnum):
    """What somebody may do: a viewer reads, an operator writes too."""

    VIEWER = "viewer"
    OPERATOR = "operator"


class Origin(StrEnum):
    """From where somebody asks."""

    HTTP = "http"
    DISCORD = "discord"
    CLI = "cli"


class Via(StrEnum):
    """By what somebody was recognised."""

    TOKEN = "token"  # noqa: S105 - a kind, no secret
    KEY = "key"
    SESSION = "session"
    CLI = "cli"
    DISCORD = "discord"

    @property
    def origin(self) -> Origin:
        """From where somebody asks who is recognised so."""
        return _ORIGINS.get(self, Origin.HTTP)


_ORIGINS = {Via.CLI: Origin.CLI, Via.DISCORD: Origin.DISCORD}


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who was recognised.

    Attributes:
        name: `operator`, or the name that a key or a login link was given.
        via: By what.
        session_id: The session, if it is one.
    """

    name: str
    role: Role
    via: Via
    session_id: str | None = None

    @classmethod
    def at_terminal(cls, user: str) -> Principal:
        """Return the operator who is that user of this machine."""
        return cls(user, Role.OPERATOR, Via.CLI)

    @property
    def may_write(self) -> bool:
        """Whether they may change anything."""
        return self.role is Role.OPERATOR


def principal_of(scope: Mapping[str, Any]) -> Principal | None:
    """Return who makes the request of this ASGI scope; None on a path that is open to all."""
    found: Principal | None = scope.get("state", {}).get("principal")
    return found


def require_principal(scope: Mapping[str, Any]) -> Principal:
    """Return who makes the request of this ASGI scope.

    Raises:
        ForbiddenError: If nobody was recognised: the gate does not stand in front.
    """
    found = principal_of(scope)
    if found is None:
        raise ForbiddenError("Nobody knows who asks.")
    return found


def require_operator(scope: Mapping[str, Any]) -> Principal:
    """Return the operator who makes the request; for what a viewer may not even read.

    Raises:
        ForbiddenError: If it is somebody else.
    """
    found = principal_of(scope)
    if found is None or not found.may_write:
        raise ForbiddenError("Only an operator may see this.", hint="Ask one for the role.")
    return found
