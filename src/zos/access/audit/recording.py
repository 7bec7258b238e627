"""Which requests are recorded, and as what.

In: a request's scope, once its answer is known. Out: a row of the record, or none.
"""

from __future__ import annotations

import structlog
from starlette.types import Scope

from zos.access.audit.store import AuditLog, Deed
from zos.access.gate.places import is_unrecorded
from zos.access.gate.rules import is_write
from zos.access.principal import principal_of
from zos.core.errors import DatabaseError

log = structlog.get_logger(__name__)


class Recorder:
    """Records writes of those who are known, done or refused.

    Args:
        audit: The record.
    """

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def __call__(self, scope: Scope, status: int) -> None:
        """Record the request of this scope, if it is a write, before its answer is sent.

        What was done cannot be undone if the store fails now: the log says then what the record does not.
        """
        principal = principal_of(scope)
        if principal is None or not is_write(scope) or is_unrecorded(scope["path"]):
            return
        route = scope.get("route")  # left there by the router, if it was reached
        deed = Deed(getattr(route, "name", ""), scope["method"], scope["path"], status)
        try:
            await self._audit.record(principal, deed)
        except DatabaseError as error:
            log.error(
                "write_not_recorded",
                by=principal.name,
                action=deed.action,
                target=deed.target,
                status=status,
                error=str(error),
            )
