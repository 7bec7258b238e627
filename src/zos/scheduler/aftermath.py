"""`Aftermath`: what follows a run's beginning and its end, beyond the run itself.

A layer that fails again and again pauses itself; watchers are told; the log says what happened.
"""

from __future__ import annotations

import structlog

from zos.core.clock import Clock
from zos.reflect.layer import Layer
from zos.reflect.runs.model import LayerRun
from zos.reflect.states import RunStatus
from zos.scheduler.pings import Pings
from zos.scheduler.state.model import Pause
from zos.scheduler.state.store import LayerStateStore

log = structlog.get_logger(__name__)

ITSELF = "zos"
"""Who pauses a layer that keeps failing."""

_GOOD = frozenset({RunStatus.SUCCESS, RunStatus.PARTIAL, RunStatus.DRY})


class Aftermath:
    """Draws the consequences of runs.

    Args:
        states: Counts failures and pauses layers.
        pings: Tells watchers.
        clock: The time.
        pause_after_failures: How many failed runs in a row pause a layer.
    """

    def __init__(
        self, states: LayerStateStore, pings: Pings, clock: Clock, *, pause_after_failures: int
    ) -> None:
        self._states = states
        self._pings = pings
        self._clock = clock
        self._limit = pause_after_failures

    async def begun(self, run: LayerRun, layer: Layer) -> None:
        """Follow a run that was claimed."""
        slot = None if run.slot is None else run.slot.isoformat()
        log.info(
            "layer_triggered", layer=run.layer, trigger=run.trigger.value, slot=slot, run=run.id
        )
        self._pings.begun(layer)

    async def ended(self, run: LayerRun, layer: Layer) -> None:
        """Follow a run that has ended."""
        if run.status is RunStatus.SKIPPED and not run.targets_total:
            log.info("no_topics_selected", layer=run.layer, run=run.id, reason=run.reason)
        else:
            log.info(
                "layer_completed",
                layer=run.layer,
                status=run.status.value,
                insights=run.insights_created,
                run=run.id,
                reason=run.reason,
            )
        self._pings.ended(run, layer)
        if run.status is RunStatus.FAILED:
            await self._count_failure(run)
        elif run.status in _GOOD:
            await self._states.clear_failures(run.layer)

    async def _count_failure(self, run: LayerRun) -> None:
        failures = await self._states.count_failure(run.layer)
        if failures < self._limit:
            return
        now = self._clock.now()
        state = await self._states.get(run.layer)
        if state is None or state.is_paused(now):
            return
        note = f"{failures} failed runs in a row, the last because: {run.reason}"
        await self._states.pause(run.layer, Pause(now, None, ITSELF, note))
        log.error("layer_paused", layer=run.layer, by=ITSELF, note=note)
