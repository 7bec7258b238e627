"""What nodes may read and ask. None of it writes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

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

_Result = TypeVar("_Result")


class Reading(Protocol):
    """Does what is best read together in one transaction, at once."""

    async def __call__(self, work: Callable[[Connection], Awaitable[_Result]]) -> _Result:
        """Return what `work` reads; it waits for nothing but its connection."""
        ...


@dataclass(frozen=True, slots=True)
class NodeTools:
    """The collaborators of all nodes of all targets of a process.

    Attributes:
        reading: Reads together what several of the others read.
    """

    reading: Reading
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
            reading=db.read_at_once,
            messages=MessageStore(db, threads_as_topics=config.observe.threads_as_topics),
            insights=InsightStore(db),
            retrieval=InsightRetrieval(db),
            runs=RunStore(db),
            self_concept=SelfConceptStore(db),
            ledger=ledger,
            templates=templates,
            llm=llm,
        )
