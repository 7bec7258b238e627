"""Which requests and commands are recorded, and as what.

In: a request's scope, once its answer is known; or a command, while it is carried out. Out: a row of the
record, or none.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

import structlog
from starlette.types import Scope

from zos.access.audit.store import AuditLog, Deed
from zos.access.gate.places import is_export, is_unrecorded
from zos.access.gate.rules import is_write
from zos.access.principal import Principal, principal_of
from zos.access.problems import status_of
from zos.core.errors import DatabaseError, ZosError

log = structlog.get_logger(__name__)

_REFUSED = "refused"
"""Where a scope's state holds the status of a refusal that the answer's own does not tell."""


class Recorder:
    """Records writes of those who are known, done or refused, and what hands out all about a member.

    Args:
        audit: The record.
    """

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def __call__(self, scope: Scope, status: int) -> None:
        """Record the request of this scope, if it is one to record, before its answer is sent."""
        principal, path = principal_of(scope), scope["path"]
        if principal is None or not (is_write(scope) or is_export(path)) or is_unrecorded(path):
            return
        route = scope.get("route")  # left there by the router, if it was reached
        outcome = scope["state"].get(_REFUSED, status)
        deed = Deed(getattr(route, "name", ""), scope["method"], path, outcome)
        await _record(self._audit, principal, deed)


def note_refusal(scope: Scope, error: ZosError) -> None:
    """Let the request of this scope be recorded as refused, though its answer leads to a page that says so."""
    scope["state"][_REFUSED] = status_of(error)


@dataclass(slots=True)
class Doing:
    """What is done in a block. `is_write`: whether it turned out to write anything; else it is no deed."""

    is_write: bool = True


@asynccontextmanager
async def recorded(
    audit: AuditLog, principal: Principal, action: str, target: str
) -> AsyncIterator[Doing]:
    """Record what is done in a block that no request asked for, or why it was refused.

    Args:
        audit: The record.
        principal: Who asks for it, from Discord or the command line.
        action: The name of what they ask for, as the API's route has it.
        target: What is changed.
    """
    status, doing = HTTPStatus.INTERNAL_SERVER_ERROR.value, Doing()
    try:
        yield doing
        status = HTTPStatus.OK.value
    except ZosError as error:
        status = status_of(error)
        raise
    except asyncio.CancelledError:
        status = HTTPStatus.SERVICE_UNAVAILABLE.value
        raise
    finally:
        method = principal.via.value.upper()
        if doing.is_write:
            await _record(audit, principal, Deed(action, method, target, status))


async def _record(audit: AuditLog, principal: Principal, deed: Deed) -> None:
    """What was done cannot be undone if the store fails now: the log says then what the record does not."""
    try:
        await audit.record(principal, deed)
    except DatabaseError as error:
        log.error(
            "write_not_recorded",
            by=principal.name,
            action=deed.action,
            target=deed.target,
            status=deed.status,
            error=str(error),
        )
