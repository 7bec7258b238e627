"""`Fires`: the one way from a reason to run to a run that is dispatched.

Schedule, catch-up, manual, threshold and replay all come here: a row is opened, which only one
process on any machine can do for one slot, request or threshold; it is admitted or refused by its
layer's overlap policy; and the dispatcher takes it on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

import structlog

from zos.core.clock import Clock
from zos.db.engine import Database
from zos.reflect.layer import Overlap
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.runs.store import RunStore
from zos.reflect.states import RunStatus, Trigger
from zos.reflect.targets.store import TargetStore
from zos.reflect.threshold.store import open_due
from zos.scheduler.definitions.lookup import Definitions
from zos.scheduler.dispatch import Dispatcher
from zos.scheduler.overlap import admit
from zos.scheduler.pings import Pings
from zos.scheduler.slots.accounts import Accounts
from zos.scheduler.state.store import LayerStateStore

Plan = Callable[[LayerRun], Awaitable[None]]

log = structlog.get_logger(__name__)


class Fires:
    """Opens and dispatches runs.

    Args:
        database: The store.
        definitions: Layers in force.
        accounts: What layers owe.
        dispatcher: Takes on runs.
        pings: Told of runs that are called off.
        clock: The time.
    """

    def __init__(
        self,
        database: Database,
        definitions: Definitions,
        accounts: Accounts,
        dispatcher: Dispatcher,
        pings: Pings,
        *,
        clock: Clock,
    ) -> None:
        self._database = database
        self._runs = RunStore(database)
        self._targets = TargetStore(database)
        self._states = LayerStateStore(database)
        self._definitions = definitions
        self._accounts = accounts
        self._dispatcher = dispatcher
        self._pings = pings
        self._clock = clock

    async def due(self, only: Collection[str] | None = None) -> list[LayerRun]:
        """Settle what the layers named in `only` (None: all) owe by now, and run what is to be run.

        Returns:
            All new outcomes, by slot.
        """
        written = await self._accounts.settle(self._definitions.in_force, only)
        for run in written:
            if run.status in (RunStatus.MISSED, RunStatus.SKIPPED):
                _log_outcome(run)
        await self.dispatch(written)
        return written

    async def fire(self, request: RunRequest, plan: Plan | None = None) -> LayerRun | None:
        """Open one run and dispatch it; None if its slot or request was recorded before.

        Args:
            request: What fires, and why.
            plan: Names the run's topics before anybody takes it on; None: they are selected when it begins.
        """
        run = await self._runs.open(request, now=self._clock.now())
        if run is None:
            return None
        if plan is not None:
            await plan(run)
        await self.dispatch([run])
        return run

    async def thresholds(self) -> list[LayerRun]:
        """Dispatch a run for every threshold that was reached, and return these runs.

        They were opened where the insights were stored, or are opened now if a threshold was lowered.
        """
        async with self._database.write() as connection:
            await open_due(connection, now=self._clock.now())
        reached = [
            run
            for run in await self._runs.unfinished()
            if run.trigger is Trigger.THRESHOLD
            and run.status is RunStatus.QUEUED
            and not self._dispatcher.holds(run.id)
        ]
        for run in reached:
            layer = self._definitions.in_force.get(run.layer)
            count = None if layer is None else layer.trigger_threshold
            log.info("self_reflection_threshold_reached", layer=run.layer, count=count, run=run.id)
        await self.dispatch(reached)
        return reached

    async def dispatch(self, opened: Sequence[LayerRun]) -> None:
        """Hand those of `opened` that are queued to the dispatcher, each if its layer's policy admits it."""
        opened = [run for run in opened if run.status is RunStatus.QUEUED]
        if not opened:
            return
        unfinished = await self._runs.unfinished()
        layers = self._definitions.in_force
        for run in opened:
            layer = layers.get(run.layer)
            admission = admit(
                run, unfinished, Overlap.BUFFER_ONE if layer is None else layer.overlap
            )
            refused = admission.refused or await self._paused(run)
            if refused:
                await self._refuse(run, refused)
                continue
            for other in admission.cancels:
                # Its watcher hears of the run in its place, and nothing has failed.
                await self._call_off(other, f"another fire of {run.layer} took its place")
            self._dispatcher.submit(run)

    async def cancel(self, run: LayerRun, reason: str) -> bool:
        """Call off a run, wherever it runs, and tell its watcher; False if it has ended already.

        A process that works on it finds out at its next heartbeat or commit.
        """
        called_off = await self._call_off(run, reason)
        if called_off:
            await self._tell(run.id)
        return called_off

    async def _call_off(self, run: LayerRun, reason: str) -> bool:
        now = self._clock.now()
        if not await self._runs.cancel(run.id, reason=reason, now=now):
            return False
        log.info("layer_cancelled", layer=run.layer, run=run.id)
        await self._dispatcher.cancel(run.id)
        await self._targets.give_up(run.id, now=now)
        return True

    async def _tell(self, run_id: str) -> None:
        """Tell the watcher of a run that was called off, if it heard of its beginning.

        Whoever calls it off does so, once: it may have been cut, and then nobody works on it.
        """
        ended = await self._runs.get(run_id)
        layer = await self._definitions.of_run(ended)
        if ended.started_at is not None and layer is not None:
            self._pings.ended(ended, layer)

    async def _paused(self, run: LayerRun) -> str:
        """Return why a threshold's run must not start; slots were judged when they were settled."""
        if run.trigger is not Trigger.THRESHOLD:
            return ""
        state = await self._states.get(run.layer)
        if state is None or state.pause is None or not state.is_paused(self._clock.now()):
            return ""
        return str(state.pause)

    async def _refuse(self, run: LayerRun, reason: str) -> None:
        now = self._clock.now()
        await self._runs.close_unclaimed(run.id, status=RunStatus.SKIPPED, reason=reason, now=now)
        log.info("layer_skipped", layer=run.layer, run=run.id)


def _log_outcome(run: LayerRun) -> None:
    """Why a slot was skipped may be an operator's note, with their id: the record says it, and no log."""
    first = None if run.slot is None else run.slot.isoformat()
    about = {"layer": run.layer, "first": first, "count": run.slot_count}
    if run.status is RunStatus.MISSED:
        log.warning("slots_missed", **about, reason=run.reason)
    else:
        log.info("slots_skipped", **about)
