"""How the scheduler is put together: what ReflectionScheduler and Replay have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zos.config import Config
from zos.consent.store import ConsentStore
from zos.reflect.layer import Layer
from zos.reflect.loader import LayerLoader
from zos.reflect.planning import Planning
from zos.reflect.runs.model import LayerRun
from zos.scheduler.aftermath import Aftermath
from zos.scheduler.definitions.lookup import Definitions
from zos.scheduler.definitions.store import DefinitionStore
from zos.scheduler.dispatch import Dispatcher, InlineDispatcher
from zos.scheduler.fire import Fires
from zos.scheduler.pings import Pings
from zos.scheduler.recovery import Recovery
from zos.scheduler.slots.accounts import Accounts
from zos.scheduler.state.store import LayerStateStore
from zos.scheduler.work import Work

if TYPE_CHECKING:
    from zos.reflect.executor import LayerExecutor
    from zos.salience.selector import ReflectionSelector


@dataclass(frozen=True, slots=True)
class Parts:
    """The scheduler's parts, which know nothing of a timer."""

    states: LayerStateStore
    definitions: Definitions
    accounts: Accounts
    dispatcher: Dispatcher
    fires: Fires
    recovery: Recovery
    pings: Pings


def assemble(
    executor: LayerExecutor,
    loader: LayerLoader,
    selector: ReflectionSelector,
    config: Config,
) -> Parts:
    """Join the parts on the executor's store and clock."""
    database, clock, settings = executor.database, executor.clock, config.scheduler
    states = LayerStateStore(database)
    definitions = Definitions(loader, DefinitionStore(database), clock)
    pings = Pings()
    aftermath = Aftermath(states, pings, clock, pause_after_failures=settings.pause_after_failures)
    planning = Planning(
        selector.ledger, selector, loader, ConsentStore(database, config), settings.timezone
    )

    async def ended(run: LayerRun, layer: Layer) -> None:
        await aftermath.ended(run, layer)
        if run.insights_created:
            await fires.thresholds()

    work = Work(executor, planning.plan, definitions, begun=aftermath.begun, ended=ended)
    dispatcher = InlineDispatcher(work.carry_out, concurrency=settings.concurrency)
    accounts = Accounts(database, settings, clock)
    fires = Fires(database, definitions, accounts, dispatcher, pings, clock=clock)
    recovery = Recovery(
        executor.runs, dispatcher, clock, stall_seconds=config.reflect.stall_seconds
    )
    return Parts(states, definitions, accounts, dispatcher, fires, recovery, pings)
