"""`build_services`: every collaborator made once and handed to those who need it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from zos.access.audit.store import AuditLog
from zos.config import Config
from zos.consent.store import ConsentStore
from zos.core.clock import Clock, SystemClock
from zos.core.topics import TopicKey
from zos.db.engine import Database, job_store_url
from zos.llm.client import ModelClient
from zos.members.retention.course import Retention
from zos.members.rights import Members
from zos.observe.booking import HistoryBooker
from zos.prompts.engine import TemplateEngine
from zos.reflect.executor import LayerExecutor, selected_by_name
from zos.reflect.loader import LayerLoader
from zos.reflect.planning import Planning
from zos.reflect.preview import Preview
from zos.reflect.self_concept.file import path_in, settle
from zos.reflect.self_concept.store import SelfConceptStore
from zos.salience.ledger import SalienceLedger
from zos.salience.selector import ReflectionSelector
from zos.scheduler import ReflectionScheduler
from zos.scheduler.definitions.store import DefinitionStore
from zos.views.health import HealthView
from zos.views.jobs import JobsView
from zos.views.known import KnownViews, known_views
from zos.views.runs import RunsView
from zos.views.slots import SlotsView


@dataclass(frozen=True, slots=True)
class Services:
    """All collaborators over one open store."""

    config: Config
    clock: Clock
    database: Database
    consents: ConsentStore
    ledger: SalienceLedger
    selector: ReflectionSelector
    loader: LayerLoader
    planning: Planning
    executor: LayerExecutor
    scheduler: ReflectionScheduler
    booker: HistoryBooker
    members: Members
    retention: Retention
    jobs: JobsView
    slots: SlotsView
    runs: RunsView
    known: KnownViews
    health: HealthView
    audit: AuditLog

    async def settle_self_concept(self) -> None:
        """Bring the self-concept's file and its versions together: edits come in, revisions go out.

        Raises:
            ConfigError: If the file cannot be read or written, or is too long.
        """
        store = SelfConceptStore(self.database)
        await settle(store, path_in(self.config.data_dir), now=self.clock.now())

    async def preview(self, layer: str, topics: Sequence[str] = ()) -> Preview:
        """Rehearse a layer: nothing is asked of a model, and nothing is written.

        Args:
            layer: Its name.
            topics: Topic keys, whatever their salience; none: as the layer selects now.

        Raises:
            LayerNotFoundError: If there is no layer of that name.
            TopicKeyError: If a topic is not a key.
        """
        chosen, now = self.loader.require(layer), self.clock.now()
        if topics:
            selected = selected_by_name([TopicKey.parse(topic) for topic in topics], chosen)
        else:
            selected = await self.planning.select(chosen, now, decayed=True)
        return await self.executor.preview(chosen, selected, now=now)


@asynccontextmanager
async def build_services(
    config: Config, *, clock: Clock | None = None, migrate: bool = True
) -> AsyncIterator[Services]:
    """Open the store and join the rooms over it, for the length of a block.

    Args:
        config: The whole configuration.
        clock: The time; the machine's unless given. Money is spent in the machine's time even so.
        migrate: Make the store where there is none, and bring its schema up to date; else insist on both.

    Raises:
        DatabaseError: If the store cannot be used.
        LayerError: If the operator's folder of layers cannot be read.
    """
    database = Database(config)
    await database.connect(migrate=migrate)
    llm = ModelClient(config, db=database)
    try:
        yield await _joined(config, clock or SystemClock(), database, llm)
    finally:
        await llm.close()
        await database.close()


async def _joined(config: Config, clock: Clock, database: Database, llm: ModelClient) -> Services:
    consents = ConsentStore(database, config)
    ledger = SalienceLedger(database, config)
    selector = ReflectionSelector(ledger, config)
    concept = path_in(config.data_dir)
    templates = TemplateEngine(config.reflect.prompts_dir, concept)
    loader = LayerLoader(
        config.reflect.layers_dir,
        prompts=templates.library,
        last_good=await DefinitionStore(database).last_good(),
    )
    await asyncio.to_thread(loader.load_all)
    executor = LayerExecutor(database, ledger, templates, llm, config, clock=clock)
    jobs = JobsView(database, loader, config)
    return Services(
        config=config,
        clock=clock,
        database=database,
        consents=consents,
        ledger=ledger,
        selector=selector,
        loader=loader,
        planning=Planning(ledger, selector, loader, consents, config.scheduler.timezone),
        executor=executor,
        scheduler=ReflectionScheduler(_job_store(config), executor, loader, selector, config),
        booker=HistoryBooker(database, ledger, consents, config, clock=clock),
        members=Members(database, consents, ledger, clock, concept),
        retention=Retention(database, ledger, config.privacy, clock),
        jobs=jobs,
        slots=SlotsView(database),
        runs=RunsView(database),
        known=known_views(database, config, selector, loader),
        health=HealthView(database, jobs),
        audit=AuditLog(database, clock),
    )


def _job_store(config: Config) -> str:
    return job_store_url(config).render_as_string(hide_password=False)
