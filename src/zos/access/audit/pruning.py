"""`Pruning`: the record of writes ends by itself, a bounded portion at a time.

In: how many days it is kept. Out: nothing; what is older is gone.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from zos.access.audit.store import AuditLog
from zos.core.clock import Clock

log = structlog.get_logger(__name__)

EVERY = timedelta(days=1)


class Pruning:
    """Deletes what the record has kept long enough.

    Args:
        audit: The record.
        clock: The time.
        days: How long a row is kept.
    """

    def __init__(self, audit: AuditLog, clock: Clock, days: int) -> None:
        self._audit = audit
        self._clock = clock
        self._kept = timedelta(days=days)
        self._next_at: datetime | None = None

    async def step(self) -> bool:
        """Once a day delete a portion of what is due; return whether there may be more."""
        now = self._clock.now()
        if self._next_at is not None and now < self._next_at:
            return False
        if gone := await self._audit.prune(now - self._kept):
            log.info("audit_pruned", rows=gone)
            return True
        self._next_at = now + EVERY
        return False
