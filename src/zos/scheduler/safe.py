"""`SafeScheduler`: APScheduler's asyncio scheduler, with a timer that nothing can stop.

A wake-up that fails (a database locked for longer than the store waits, a full disk) is tried
again a second later; and none is further away than `MAX_SLEEP_SECONDS`, since the timer below
counts time that neither a suspended machine nor a corrected clock keeps.
"""

from __future__ import annotations

from datetime import UTC

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler, run_in_event_loop
from apscheduler.schedulers.base import BaseScheduler

from zos.core.errors import DatabaseError
from zos.scheduler.jobs.codec import JOB_OPTIONS
from zos.scheduler.jobs.store import JsonJobStore
from zos.scheduler.slot_executor import SlotExecutor

log = structlog.get_logger(__name__)

MAX_SLEEP_SECONDS = 30.0
RETRY_SECONDS = 1.0


class SafeScheduler(AsyncIOScheduler):  # type: ignore[misc]  # APScheduler ships no types
    """Wakes layers' jobs.

    Args:
        store: Where the jobs are kept.
        executor: What due jobs are handed to.
        max_sleep_seconds: The longest time between two wake-ups.

    Attributes:
        jobs: The store.
    """

    def __init__(
        self,
        store: JsonJobStore,
        executor: SlotExecutor,
        *,
        max_sleep_seconds: float = MAX_SLEEP_SECONDS,
    ) -> None:
        self._max_sleep_seconds = max_sleep_seconds
        self.jobs = store
        self._slots = executor
        super().__init__(
            jobstores={"default": store},
            executors={"default": executor},
            job_defaults=JOB_OPTIONS,
            jobstore_retry_interval=RETRY_SECONDS,
            timezone=UTC,
        )

    @property
    def is_armed(self) -> bool:
        """Whether the timer will wake it."""
        return self._timeout is not None

    @run_in_event_loop  # type: ignore[untyped-decorator]  # APScheduler ships no types
    def wakeup(self) -> None:
        """Look for due jobs now, and arm the timer for the next time."""
        if not self.running:
            return
        self._stop_timer()
        self._start_timer(self._step())

    def _step(self) -> float:
        """Process what is due; return the seconds until the next look."""
        try:
            wait_seconds = self._process_jobs()
        except DatabaseError as error:
            log.warning("wakeup_failed", error=str(error), retry_seconds=RETRY_SECONDS)
            return RETRY_SECONDS
        except Exception:
            log.exception("wakeup_failed", retry_seconds=RETRY_SECONDS)
            return RETRY_SECONDS
        most = self._max_sleep_seconds
        return most if wait_seconds is None else min(wait_seconds, most)

    def _process_jobs(self) -> float | None:
        """Hand over what is due once its next fire is stored, all of it in one transaction."""
        try:
            with self.jobs.transaction():
                wait_seconds: float | None = super()._process_jobs()
        except BaseException:
            self._slots.discard()
            raise
        self._slots.flush()
        return wait_seconds

    def shutdown(self, wait: bool = False) -> None:
        """Stop at once, within the event loop's thread. Running layers are drained elsewhere."""
        BaseScheduler.shutdown(self, wait)
        self._stop_timer()
        self._eventloop = None
