"""`Work`: one run, from its row to its end, whoever dispatched it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import structlog

from zos.core.errors import DatabaseError, ZosError
from zos.reflect.layer import Layer
from zos.reflect.runs.model import LayerRun
from zos.reflect.runs.owner import this_process
from zos.reflect.states import RunStatus
from zos.scheduler.definitions.lookup import Definitions

if TYPE_CHECKING:
    from zos.reflect.executor import LayerExecutor, Planner

log = structlog.get_logger(__name__)

Hook = Callable[[LayerRun, Layer], Awaitable[None]]


class Work:
    """Carries runs out and tells what came of them.

    Args:
        executor: Executes layers.
        planner: Chooses a run's topics.
        definitions: Finds a run's layer.
        begun: Called with every run that this process has claimed.
        ended: Called with every run that has ended here.
    """

    def __init__(
        self,
        executor: LayerExecutor,
        planner: Planner,
        definitions: Definitions,
        *,
        begun: Hook,
        ended: Hook,
    ) -> None:
        self._executor = executor
        self._runs = executor.runs
        self._planner = planner
        self._definitions = definitions
        self._clock = executor.clock
        self._begun = begun
        self._ended = ended

    async def carry_out(self, run: LayerRun) -> bool:
        """Carry out a run that is queued, interrupted, or was left running by a dead process.

        Returns:
            False if another process is running the layer: ask again later.
        """
        layer = await self._definitions.of_run(run)
        if not await self._claim(run):
            return (await self._runs.get(run.id)).status not in _WAITING
        if layer is None:
            await self._give_up(run)
            return True
        claimed = await self._runs.get(run.id)
        await self._begun(claimed, layer)
        await self._execute(claimed, layer)
        return True

    async def _claim(self, run: LayerRun) -> bool:
        now = self._clock.now()
        if _is_left_over(run):
            return await self._runs.take_over(run, owner=this_process(), now=now)
        return await self._runs.claim(run.id, owner=this_process(), now=now)

    async def _execute(self, run: LayerRun, layer: Layer) -> None:
        try:
            ended = await self._executor.carry_out(run, layer, self._planner)
        except Exception as error:  # noqa: BLE001 - a run's outermost frame: one layer's fault is not another's
            log.error("layer_execution_failed", layer=run.layer, run=run.id, error=_in_short(error))
            ended = await self._failed(run, error)
        if ended is not None:
            await self._ended(ended, layer)

    async def _failed(self, run: LayerRun, error: Exception) -> LayerRun | None:
        try:
            return await self._finish(run, _in_short(error))
        except DatabaseError as unwritten:
            # The row stays `running` without a heartbeat: it is taken over once that is noticed.
            log.warning("outcome_not_written", run=run.id, error=str(unwritten))
            return None

    async def _give_up(self, run: LayerRun) -> None:
        log.error("layer_not_found", layer=run.layer, run=run.id)
        await self._finish(run, "there is no such layer any more")

    async def _finish(self, run: LayerRun, reason: str) -> LayerRun:
        return await self._runs.finish(
            run.id,
            owner=this_process(),
            status=RunStatus.FAILED,
            reason=reason,
            now=self._clock.now(),
        )


_REASON_LENGTH = 300
_WAITING = (RunStatus.QUEUED, RunStatus.INTERRUPTED)


def _is_left_over(run: LayerRun) -> bool:
    return run.status is RunStatus.RUNNING


def _in_short(error: Exception) -> str:
    """Return the error for people: drivers add whole statements with their values in further lines."""
    if isinstance(error, ZosError):
        return str(error)
    first_line = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {first_line}"[:_REASON_LENGTH]
