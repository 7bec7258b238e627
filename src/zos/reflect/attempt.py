"""One target, tried until it succeeds, is dry, or has failed for good."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from zos.config.model import ReflectConfig
from zos.consent.store import ConsentStore
from zos.core.clock import Clock
from zos.core.errors import BudgetError, ZosError
from zos.core.topics import TopicKey
from zos.db.engine import Connection
from zos.reflect.commit import TargetCommit
from zos.reflect.context import TargetBrief, TargetContext
from zos.reflect.layer import Layer
from zos.reflect.pipeline import run_nodes
from zos.reflect.runs.model import LayerRun, RunTarget
from zos.reflect.states import TargetStatus
from zos.reflect.targets.store import LostRunError, TargetStore
from zos.reflect.tools import NodeTools

log = structlog.get_logger(__name__)


class TargetTimeoutError(ZosError):
    """The target took too long."""

    retryable = True


@dataclass(frozen=True, slots=True)
class Attempts:
    """Tries targets. All collaborators are the executor's.

    `execute` is the one function that carries out a target, whoever dispatches it: it claims the
    target's row, it may be called again for the same target, and it commits in one transaction.
    """

    targets: TargetStore
    commit: TargetCommit
    consent: ConsentStore
    tools: NodeTools
    settings: ReflectConfig
    clock: Clock

    async def execute(self, run: LayerRun, layer: Layer, target: RunTarget) -> TargetStatus:
        """Carry out one target of a run that this process owns.

        Returns:
            Its final state. A target that is finished already stays as it is.

        Raises:
            BudgetError: A spending limit was reached: the target stays open, the run must stop.
            LostRunError: Another process has taken the run over.
        """
        for attempt in range(target.attempts + 1, self.settings.target_attempts + 1):
            result = await self._guarded(run, layer, target)
            if isinstance(result, TargetStatus):
                return result
            if not result.retryable or attempt == self.settings.target_attempts:
                return await self._fail(run, target, str(result))
            log.info("target_tried_again", run=run.id, topic=str(target.topic), error=str(result))
            await self.clock.sleep(self.settings.retry_backoff_seconds * 2 ** (attempt - 1))
        return await self._fail(run, target, f"begun {target.attempts} times and never ended")

    async def _begin(self, run: LayerRun, layer: Layer, target: RunTarget) -> TargetBrief | None:
        async def brief(connection: Connection) -> TargetBrief:
            return await self._brief(
                connection,
                layer,
                target.topic,
                run_id=run.id,
                target_id=target.id,
                now=run.clock_at,
            )

        return await self.targets.start(target.id, now=self.clock.now(), then=brief)

    async def _guarded(
        self, run: LayerRun, layer: Layer, target: RunTarget
    ) -> TargetStatus | ZosError:
        try:
            brief = await self._begin(run, layer, target)
            return target.status if brief is None else await self._try(run, layer, target, brief)
        except (BudgetError, LostRunError):
            raise
        except ZosError as error:
            return error
        except (
            Exception
        ) as error:  # a target's outermost frame: a bug in one must not end the others
            log.exception("target_crashed", run=run.id, topic=str(target.topic))
            return ZosError(f"{type(error).__name__}: {error}")

    async def _fail(self, run: LayerRun, target: RunTarget, reason: str) -> TargetStatus:
        log.warning(
            "target_failed", run=run.id, layer=run.layer, topic=str(target.topic), error=reason
        )
        await self.commit.failure(target, reason, now=self.clock.now())
        return TargetStatus.FAILED

    async def _try(
        self, run: LayerRun, layer: Layer, target: RunTarget, brief: TargetBrief
    ) -> TargetStatus:
        limit = self.settings.target_timeout_seconds
        context = TargetContext(brief)
        try:
            async with asyncio.timeout(limit):
                await run_nodes(layer, context, self.tools)
        except TimeoutError:
            raise TargetTimeoutError(f"The target took longer than {limit:g} s.") from None
        if context.dry_reason:
            await self.commit.dry(run, target, context.dry_reason, now=self.clock.now())
            return TargetStatus.DRY
        await self.commit.success(run, target, context.outcome, now=self.clock.now())
        return TargetStatus.SUCCESS

    async def rehearse(self, layer: Layer, topic: TopicKey, *, now: datetime) -> TargetContext:
        """Take `topic` through the layer's nodes up to the first question, which is rendered and not asked.

        Args:
            layer: The layer.
            topic: What it would reflect on.
            now: The time that it would have.
        """
        brief = await self.tools.reading(
            lambda connection: self._brief(
                connection, layer, topic, run_id="", target_id="", now=now
            )
        )
        context = TargetContext(replace(brief, dry_run=True))
        await run_nodes(layer, context, self.tools)
        return context

    async def _brief(
        self,
        connection: Connection,
        layer: Layer,
        topic: TopicKey,
        *,
        run_id: str,
        target_id: str,
        now: datetime,
    ) -> TargetBrief:
        known = await self.tools.ledger.topic(topic, connection)
        concept = await self.tools.self_concept.current(connection)
        return TargetBrief(
            run_id=run_id,
            target_id=target_id,
            layer=layer.name,
            goal=layer.goal,
            topic=topic,
            now=now,
            last_reflected_at=None if known is None else known.last_reflected_at,
            consent=await self.consent.view(connection),
            self_concept="" if concept is None else concept.content,
            max_run_cost_usd=layer.max_cost_usd,
        )
