"""`LayerExecutor`: carries out a layer's run, target by target, bounded and each on its own.

In: an opened run, its layer, and a plan (which topics, and why not others). Out: the finished run.
Only the process that has claimed the run works on it; what it leaves open another takes over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.clock import Clock, SystemClock
from zos.core.errors import BudgetError, StillRunningError
from zos.core.topics import TopicKey
from zos.db.engine import Database
from zos.llm.client import ModelClient
from zos.prompts.engine import TemplateEngine
from zos.reflect.attempt import Attempts
from zos.reflect.commit import TargetCommit
from zos.reflect.heartbeat import heartbeat
from zos.reflect.layer import Layer
from zos.reflect.preview import Preview, preview
from zos.reflect.runs.model import LayerRun, RunRequest, RunTarget
from zos.reflect.runs.owner import this_process
from zos.reflect.runs.store import RunStore
from zos.reflect.states import RunStatus, TargetStatus, Trigger
from zos.reflect.targets.store import LostRunError, TargetStore
from zos.reflect.tools import NodeTools
from zos.reflect.verdict import BUDGET, verdict
from zos.salience.ledger import SalienceLedger
from zos.salience.selector import Candidate, Considered, Selected

log = structlog.get_logger(__name__)

Planner = Callable[[LayerRun, Layer], Awaitable[Selected]]
"""Chooses a run's topics, with a reason for each that it does not choose."""


class LayerExecutor:
    """Executes layers.

    Args:
        db: The store.
        ledger: Salience.
        templates: Prompts.
        llm: Language models.
        config: The whole configuration.
        clock: The time of day. A run's own time is its `clock_at`.
    """

    def __init__(
        self,
        db: Database,
        ledger: SalienceLedger,
        templates: TemplateEngine,
        llm: ModelClient,
        config: Config,
        *,
        clock: Clock | None = None,
    ) -> None:
        self.database = db
        self.runs = RunStore(db)
        self.targets = TargetStore(db)
        self.clock: Clock = clock or SystemClock()
        self._settings = config.reflect
        self._output = config.output
        self._owner = this_process()
        consents = ConsentStore(db, config)
        self._attempts = Attempts(
            targets=self.targets,
            commit=TargetCommit(db, ledger, consents, self._owner),
            consent=consents,
            tools=NodeTools.build(db, ledger, templates, llm, config),
            settings=config.reflect,
            clock=self.clock,
        )

    async def execute_layer(self, layer: Layer, topics: Sequence[str]) -> LayerRun:
        """Run `layer` on `topics` now, whatever their salience, and return the finished run.

        Raises:
            TopicKeyError: If a topic is not a key.
            StillRunningError: If the layer is running already.
        """
        keys = [TopicKey.parse(topic) for topic in topics]
        now = self.clock.now()
        request = RunRequest(
            layer.name, Trigger.MANUAL, "asked for these topics", now, layer_hash=layer.hash
        )
        run = await self.runs.open(request, now=now)
        if run is None:  # without slot, key and generation nothing can stand in its way
            raise StillRunningError(f"{layer.name} could not be opened.", hint="Try again.")
        finished = await self.run(run, layer, named_topics(keys))
        if finished is None:
            reason = f"{layer.name} is running already"
            await self.runs.close_unclaimed(
                run.id, status=RunStatus.SKIPPED, reason=reason, now=now
            )
            return await self.runs.get(run.id)
        return finished

    async def preview(self, layer: Layer, selected: Selected, *, now: datetime) -> Preview:
        """Return what `layer` would ask about the selected topics, without asking or writing."""
        return await preview(self._attempts, layer, selected, self._output, now=now)

    async def run(self, run: LayerRun, layer: Layer, planner: Planner) -> LayerRun | None:
        """Claim a queued or interrupted run and carry it out; None if it cannot be claimed now."""
        if not await self.runs.claim(run.id, owner=self._owner, now=self.clock.now()):
            return None
        return await self.carry_out(await self.runs.get(run.id), layer, planner)

    async def take_over(self, run: LayerRun, layer: Layer, planner: Planner) -> LayerRun | None:
        """Finish what a dead process left of a running run; None if somebody else was faster."""
        if not await self.runs.take_over(run, owner=self._owner, now=self.clock.now()):
            return None
        return await self.carry_out(await self.runs.get(run.id), layer, planner)

    async def carry_out(self, run: LayerRun, layer: Layer, planner: Planner) -> LayerRun | None:
        """Carry out a run that this process owns: plan it if nobody has, then its open targets.

        Returns:
            The finished run, or None if it was called off or another process took it over meanwhile.
        """
        try:
            async with heartbeat(
                self.runs,
                run.id,
                owner=self._owner,
                every_seconds=self._settings.heartbeat_seconds,
                now=self.clock.now,
            ):
                ended = await self._plan_and_work(run, layer, planner)
                if ended.status is RunStatus.CANCELLED:  # noticed between two targets
                    raise LostRunError
                return ended
        except LostRunError:
            await self._let_go(run)
            return None
        except asyncio.CancelledError:
            await self._finish(
                run, RunStatus.INTERRUPTED, "stopped while running; it will be taken up again"
            )
            raise

    async def _let_go(self, run: LayerRun) -> None:
        if (await self.runs.get(run.id)).status is RunStatus.CANCELLED:
            await self.targets.give_up(run.id, now=self.clock.now())
            log.info("run_given_up", run=run.id, layer=run.layer)
        else:
            log.warning("run_lost", run=run.id, layer=run.layer)

    async def _plan_and_work(self, run: LayerRun, layer: Layer, planner: Planner) -> LayerRun:
        if not await self.targets.of_run(run.id):
            await self.targets.plan(run.id, await planner(run, layer), now=self.clock.now())
        stopped = await self._work(run, layer)
        if stopped:
            await self.targets.skip_open(run.id, reason=stopped, now=self.clock.now())
        status, reason = verdict(await self.targets.of_run(run.id), stopped=stopped)
        return await self._finish(run, status, reason)

    async def _work(self, run: LayerRun, layer: Layer) -> str:
        """Work on all open targets; return why it stopped before the last one, or nothing."""
        limit = layer.timeout or self._settings.run_timeout_seconds
        shift = _Shift(self._settings.target_concurrency)
        lost = False
        try:
            async with asyncio.timeout(limit):
                try:
                    async with asyncio.TaskGroup() as group:
                        for target in await self.targets.of_run(run.id, only_open=True):
                            group.create_task(shift.take(self._attempts, run, layer, target))
                except* LostRunError:
                    lost = True
        except TimeoutError:
            return f"the run took longer than {limit:g} s"
        if lost:
            raise LostRunError
        return shift.stopped

    async def _finish(self, run: LayerRun, status: RunStatus, reason: str) -> LayerRun:
        return await self.runs.finish(
            run.id, owner=self._owner, status=status, reason=reason, now=self.clock.now()
        )


class _Shift:
    """The targets at work at one time, and the reason to begin no more."""

    def __init__(self, concurrency: int) -> None:
        self._places = asyncio.Semaphore(concurrency)
        self.stopped = ""

    async def take(
        self, attempts: Attempts, run: LayerRun, layer: Layer, target: RunTarget
    ) -> TargetStatus:
        async with self._places:
            if self.stopped:
                return target.status
            try:
                return await attempts.execute(run, layer, target)
            except BudgetError as error:
                self.stopped = f"{BUDGET}{error.message}"
                return target.status


def named_topics(keys: Sequence[TopicKey]) -> Planner:
    """Return a planner that chooses exactly `keys`, whatever their salience."""

    async def plan(_run: LayerRun, layer: Layer) -> Selected:
        return selected_by_name(keys, layer)

    return plan


def selected_by_name(keys: Sequence[TopicKey], layer: Layer) -> Selected:
    """Return the selection of exactly `keys` for `layer`, each once, whatever their salience."""
    named = dict.fromkeys(keys)
    candidates = tuple(Candidate(key, 0, None, 0, layer.estimated_tokens) for key in named)
    considered = tuple(Considered(key, 0, chosen=True, reason="asked for") for key in named)
    return Selected(candidates, considered, "the topics were named")
