"""What nodes may read and ask. None of it writes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from zos.config import Config
from zos.db.engine import Connection, Database
from zos.insights.retrieval import InsightRetrieval
from zos.insights.store import InsightStore
from zos.llm.client import ModelClient
from zos.observe.store import MessageStore
from zos.prompts.engine import TemplateEngine
from zos.reflect.runs.store import RunStore
from zos.reflect.self_concept.store import SelfConceptStore
from zos.salience.ledger import SalienceLedger


@dataclass(frozen=True, slots=True)
class NodeTools:
    """The collaborators of all nodes of all targets of a process.

    Attributes:
        reading: Opens a transaction for what is best read together.
    """

    reading: Callable[[], AbstractAsyncContextManager[Connection]]
    messages: MessageStore
    insights: InsightStore
    retrieval: InsightRetrieval
    runs: RunStore
    self_concept: SelfConceptStore
    ledger: SalienceLedger
    templates: TemplateEngine
    llm: ModelClient

    @classmethod
    def build(
        cls,
        db: Database,
        ledger: SalienceLedger,
        templates: TemplateEngine,
        llm: ModelClient,
        config: Config,
    ) -> NodeTools:
        """Make the readers of `db` and join them with what is given."""
        return cls(
            reading=db.read,
            messages=MessageStore(db, threads_as_topics=config.observe.threads_as_topics),
            insights=InsightStore(db),
            retrieval=InsightRetrieval(db),
            runs=RunStore(db),
            self_concept=SelfConceptStore(db),
            ledger=ledger,
            templates=templates,
            llm=llm,
        )
