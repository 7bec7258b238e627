"""`ReflectionScheduler`: schedules layers, fires them, and answers for every slot.

In: the layers in force and the time. Out: runs. The durable truth is the database; APScheduler is
the timer. Started, it fires layers until it is drained and stopped; not started, it still triggers,
pauses and resumes, which is what the command line does when no service runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from zos.config import Config
from zos.core.errors import DatabaseError, LayerError
from zos.reflect.executor import LayerExecutor
from zos.reflect.loader import LayerLoader
from zos.salience.selector import ReflectionSelector
from zos.scheduler.control import Control
from zos.scheduler.jobs.store import JsonJobStore
from zos.scheduler.lock import ServiceLock
from zos.scheduler.loops import every, until_done
from zos.scheduler.reconcile import reconcile
from zos.scheduler.reload import no_hangup, on_hangup, watch
from zos.scheduler.safe import SafeScheduler
from zos.scheduler.slot_executor import DueLayer, SlotExecutor
from zos.scheduler.tasks import Tasks

log = structlog.get_logger(__name__)

SETTLE_SECONDS = 5.0
"""What a drain gives fires that are being recorded."""


class ReflectionScheduler(Control):
    """Schedules and triggers layer execution.

    Args:
        db_path: The executor's database once more, for the jobs: a SQLite file's path, or a URL.
        executor: Executes layers.
        loader: The layers in force.
        selector: Chooses topics.
        config: The whole configuration.

    Attributes:
        scheduler: APScheduler's own; its jobs are there once it is started.
    """

    def __init__(
        self,
        db_path: str,
        executor: LayerExecutor,
        loader: LayerLoader,
        selector: ReflectionSelector,
        config: Config,
    ) -> None:
        super().__init__(executor, loader, selector, config)
        self.scheduler = SafeScheduler(JsonJobStore(db_path), SlotExecutor(self._on_due))
        file = self.scheduler.jobs.file
        self._lock = None if file is None else ServiceLock(file)
        self._fired = Tasks()
        self._background = Tasks()
        self._reloading = asyncio.Lock()

    @property
    def is_running(self) -> bool:
        """Whether it has been started and is not being stopped."""
        return bool(self.scheduler.running) and not self._parts.dispatcher.is_draining

    def start(self) -> None:
        """Start: jobs are there when this returns; what is owed is settled right after, then the timer runs.

        Call it within the running event loop, with the layers loaded (else it reads their files on the loop).

        Raises:
            StillRunningError: If another scheduler runs on this database file.
            LayerError: If the layers folder cannot be listed.
            DatabaseError: If the database cannot be used.
        """
        layers = self._parts.definitions.in_force
        self._report_problems()
        self._take_lock()
        try:
            self.scheduler.start(paused=True)
        except DatabaseError:
            self._give_lock_back()
            raise
        try:
            reconcile(self.scheduler, layers, self.config.scheduler, announce=layers)
        except DatabaseError as error:
            log.warning("jobs_not_stored_yet", error=str(error))
        self._background.spawn(self._begin(), "begin")
        on_hangup(asyncio.get_running_loop(), self._on_hangup)
        log.info("scheduler_started", jobs=len(self.scheduler.get_jobs()))

    def stop(self) -> None:
        """Stop at once: `drain` first, or running layers are interrupted and taken up at the next start."""
        no_hangup(asyncio.get_running_loop())
        self._background.cancel()
        self._fired.cancel()
        self.scheduler.shutdown()
        self._give_lock_back()
        log.info("scheduler_stopped")

    async def drain(self, seconds: float | None = None) -> None:
        """Fire nothing more and let running layers end.

        Args:
            seconds: How long they may take (default: `scheduler.drain_seconds`); what has not ended by
                then is interrupted, and taken up at the next start. Calling it again with 0 ends the wait.
        """
        if self.scheduler.running:
            self.scheduler.pause()
        self._background.cancel()
        limit = self.config.scheduler.drain_seconds if seconds is None else seconds
        await self._parts.dispatcher.drain(limit)
        await self._fired.settle(SETTLE_SECONDS)
        await self._parts.pings.close()

    async def reload(self) -> None:
        """Read the layers again and bring jobs and accounts in line with them.

        A broken file keeps its last good layer; `loader.problems` tells.

        Raises:
            LayerError: If the layers folder cannot be listed; all stays as it was.
        """
        async with self._reloading:
            await self._parts.definitions.reload()
            self._report_problems()
            await until_done(self._put_in_force, "reload")

    async def _begin(self) -> None:
        """Settle what is owed, take up what was left, and let the timer run."""
        async with self._reloading:
            await until_done(self._put_in_force, "begin")
        await until_done(self._take_up, "recovery")
        self.scheduler.resume()
        settings = self.config
        self._background.spawn(
            every(settings.reflect.heartbeat_seconds, self._parts.recovery.sweep, "sweep"), "sweep"
        )
        folders = [folder for folder in self._watched() if folder is not None]
        self._background.spawn(watch(folders, self._on_changed), "watch")
        if (url := settings.scheduler.ping_url) is not None:
            interval = settings.scheduler.ping_interval_seconds
            self._background.spawn(every(interval, lambda: self._ping(url), "ping"), "ping")

    async def _put_in_force(self) -> None:
        reconcile(self.scheduler, self._parts.definitions.in_force, self.config.scheduler)
        await self._parts.definitions.record()
        await self._parts.fires.due()
        await self._parts.fires.thresholds()

    async def _take_up(self) -> None:
        await self._parts.recovery.sweep(at_start=True)

    async def _ping(self, url: str) -> None:
        if self.scheduler.is_armed:
            self._parts.pings.send(url)

    def _on_due(self, due: Sequence[DueLayer]) -> None:
        names = [one.layer for one in due]
        self._fired.spawn(until_done(lambda: self._parts.fires.due(names), "fire"), "fire")

    def _on_hangup(self) -> None:
        self._background.spawn(self._on_changed(), "reload")

    async def _on_changed(self) -> None:
        try:
            await self.reload()
        except LayerError as error:
            log.error("layers_not_reloaded", error=str(error))

    def _take_lock(self) -> None:
        if self._lock is not None:
            self._lock.acquire()

    def _give_lock_back(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _watched(self) -> tuple[Path | None, Path | None]:
        return self.config.reflect.layers_dir, self.config.reflect.prompts_dir

    def _report_problems(self) -> None:
        for problem in self.loader.problems:
            log.error(
                "layer_file_broken",
                file=problem.path,
                line=problem.line,
                error=problem.message,
                kept=problem.kept,
            )
