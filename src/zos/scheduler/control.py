"""`Control`: what can be asked of the scheduler at any time, whether its timer runs or not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

import structlog

from zos.config import Config
from zos.core.errors import EndedError, LayerError, NotFoundError, UsageError
from zos.core.ids import new_ulid
from zos.core.topics import TopicKey
from zos.reflect.executor import LayerExecutor, named_topics
from zos.reflect.loader import LayerLoader
from zos.reflect.runs.model import LayerRun, RunRequest
from zos.reflect.states import RunStatus, Trigger
from zos.salience.selector import ReflectionSelector
from zos.scheduler.parts import assemble
from zos.scheduler.state.model import Pause

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.5


class Control:
    """Triggers, pauses and resumes layers, and calls runs off.

    Args:
        executor: Executes layers; its store and clock are the scheduler's.
        loader: The layers in force.
        selector: Chooses topics.
        config: The whole configuration.
    """

    def __init__(
        self,
        executor: LayerExecutor,
        loader: LayerLoader,
        selector: ReflectionSelector,
        config: Config,
    ) -> None:
        self.executor = executor
        self.loader = loader
        self.selector = selector
        self.config = config
        self._clock = executor.clock
        self._parts = assemble(executor, loader, selector, config)

    async def request(
        self, layer: str, *, by: str, topics: Sequence[str] = (), request_key: str | None = None
    ) -> LayerRun:
        """Ask for a run now, paused or not, and return it at once; `wait` tells how it ended.

        Args:
            layer: The layer's name.
            by: Who asks, for the record.
            topics: Topic keys to reflect on whatever their salience; none: selected as by schedule.
            request_key: Asking again with the same key returns the first run.

        Raises:
            LayerNotFoundError: If there is no such layer.
            LayerError: If it is disabled.
            TopicKeyError: If a topic is not a key.
        """
        definition = self.loader.require(layer)
        if not definition.enabled:
            raise LayerError(f"Layer {layer!r} is disabled.", hint="Enable it in its file first.")
        planner = named_topics([TopicKey.parse(topic) for topic in topics])
        now = self._clock.now()
        key = request_key or new_ulid(now)
        request = RunRequest(
            layer=layer,
            trigger=Trigger.MANUAL,
            reason=f"asked for by {by}",
            clock_at=now,
            layer_hash=definition.hash,
            request_key=key,
        )

        async def plan(run: LayerRun) -> None:
            if topics:
                await self.executor.targets.plan(run.id, await planner(run, definition), now=now)

        await self._parts.definitions.record(layer)
        await self._parts.recovery.sweep(layer)
        run = await self._parts.fires.fire(request, plan)
        run = run or await self.executor.runs.by_request(layer, key)
        if run is None:
            raise NotFoundError(f"The request {key!r} was not recorded.", hint="Try again.")
        return run

    async def cancel(self, run_id: str, *, by: str, note: str = "") -> LayerRun:
        """Call off a run that is queued, running or interrupted, wherever it runs, and return it.

        What is finished of it stays, and is never done again; the rest is given up. Its layer is free
        for its next fire.

        Args:
            run_id: The run.
            by: Who calls it off.
            note: Why.

        Raises:
            NotFoundError: If there is no such run.
            EndedError: If it has ended already.
        """
        runs = self.executor.runs
        reason = f"cancelled by {by}" + (f": {note}" if note else "")
        if not await self._parts.fires.cancel(await runs.get(run_id), reason):
            ended = await runs.get(run_id)
            raise EndedError(f"Run {run_id} has ended already: {ended.status.value}.")
        return await runs.get(run_id)

    async def wait(self, run_id: str) -> LayerRun:
        """Wait for a run to end, whoever works on it, and return it.

        It is also returned when nobody will go on with it for now: it was interrupted, or the
        scheduler is being stopped.
        """
        while True:
            await self._parts.dispatcher.wait(run_id)
            run = await self.executor.runs.get(run_id)
            if run.status.is_final or run.status is RunStatus.INTERRUPTED:
                return run
            if self._parts.dispatcher.is_draining:
                return run
            await asyncio.sleep(POLL_SECONDS)

    async def trigger_now(self, layer_name: str) -> LayerRun | None:
        """Run a layer now and return the run once it has ended; None if unknown or without topics.

        Raises:
            LayerError: If it is disabled.
        """
        if self.loader.get_layer(layer_name) is None:
            log.error("layer_not_found", layer=layer_name)
            return None
        run = await self.request(layer_name, by="trigger_now")
        ended = await self.wait(run.id)
        began = ended.started_at is not None
        nothing_selected = ended.status is RunStatus.SKIPPED and began and not ended.targets_total
        return None if nothing_selected else ended

    async def check_self_reflection_trigger(self) -> list[LayerRun]:
        """Start every layer whose counter has reached its threshold, and return the runs."""
        return await self._parts.fires.thresholds()

    async def pause(
        self, layer: str, *, by: str, note: str = "", until: datetime | None = None
    ) -> None:
        """Pause a layer, or change its pause: its slots are skipped, each with `note` as its reason.

        A running run goes on; the layer can still be triggered by hand.

        Args:
            layer: The layer's name.
            by: Who pauses it.
            note: Why.
            until: When it resumes by itself (aware); None: when somebody resumes it.

        Raises:
            LayerNotFoundError: If there is no such layer.
            UsageError: If the pause would be over before it begins.
        """
        self.loader.require(layer)
        pause = Pause(self._clock.now(), until, by, note)
        if not pause.covers(pause.since):
            raise UsageError(
                f"A pause until {until:%F %H:%M %Z} would be over already.",
                hint="Name a later time, or none.",
            )
        if not await self._parts.states.pause(layer, pause):
            await self._parts.fires.due([layer])  # registers it: so far it owes nothing
            await self._parts.states.pause(layer, pause)
        log.info("layer_paused", layer=layer, by=by, note=note, until=until and until.isoformat())

    async def resume(self, layer: str, *, by: str) -> None:
        """End a layer's pause and forget its failures; what it skipped stays skipped.

        Raises:
            LayerNotFoundError: If there is no such layer.
        """
        self.loader.require(layer)
        state = await self._parts.states.get(layer)
        if state is None or not state.is_paused(self._clock.now()):
            await self._parts.states.clear_failures(layer)
            return
        await self._parts.fires.due(
            [layer]
        )  # while it is paused: these slots are skipped, not late
        await self._parts.states.resume(layer)
        log.info("layer_resumed", layer=layer, by=by)
