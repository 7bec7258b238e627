"""What a command that works on the store itself leaves in the record of writes."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from zos.access.user import user_name

if TYPE_CHECKING:
    from zos.access.audit.recording import Doing
    from zos.db.engine import Database


def recorded_here(
    database: Database, action: str, target: str
) -> AbstractAsyncContextManager[Doing]:
    """Record what is done in a block, or why it was refused, as done by the user of this machine."""
    from zos.access.audit.recording import recorded
    from zos.access.audit.store import AuditLog
    from zos.access.principal import Principal
    from zos.core.clock import SystemClock

    audit = AuditLog(database, SystemClock())
    return recorded(audit, Principal.at_terminal(user_name()), action, target)
