"""`SalienceLedger`: the one way to change a balance. Every change is a row, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from zos.core.consent import ConsentView
from zos.core.topics import TopicCategory, TopicKey
from zos.salience.earning import Activity
from zos.salience.model import Booked, LedgerEntry, Mismatch, SpendResult, TopicView

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.config import Config
    from zos.db.engine import Database


class SalienceLedger:
    """Books, decays and spends salience. Methods with a `connection` work in the caller's write transaction."""

    def __init__(self, db: Database, config: Config) -> None:
        self.db = db
        self.config = config

    async def book(
        self,
        connection: AsyncConnection,
        activities: Sequence[Activity],
        consent: ConsentView,
        *,
        batch: str,
        agent_id: int | None = None,
    ) -> Booked:
        """Book what `activities` (new ones, sorted by (at, id)) earn, and what that propagates.

        Also writes `subject_mention` rows for `subject_names`. Members and messages must be stored before.

        Args:
            connection: An open write transaction.
            activities: In order; any split of the same sequence into calls gives the same balances.
            consent: Who may be thought about as a person.
            batch: A ULID: one ledger row per topic, kind and batch.
            agent_id: The agent's own member id: naming it earns for the self topics.
        """
        raise NotImplementedError

    async def subject_names(
        self, connection: AsyncConnection, server_ids: Iterable[int]
    ) -> Mapping[int, frozenset[str]]:
        """Return the subjects that each server has by now, for `subjects_in`."""
        raise NotImplementedError

    async def decay(self, now: datetime) -> int:
        """Bring all stored balances down to what decay leaves at `now`; return how many changed."""
        raise NotImplementedError

    async def spend(
        self,
        connection: AsyncConnection,
        topic_key: TopicKey,
        *,
        tokens: int,
        at: datetime,
        run_id: str,
        batch: str,
        insights: int = 0,
    ) -> SpendResult:
        """Pay for one successful reflection at `at` (the run's clock): spend, reset, retain; clear new material."""
        raise NotImplementedError

    async def add_material(
        self, connection: AsyncConnection, topic_key: TopicKey, units: int, at: datetime
    ) -> None:
        """Count `units` of new material for a topic, which is made if there is none."""
        raise NotImplementedError

    async def name_subject(
        self,
        connection: AsyncConnection,
        server_id: int,
        name: str,
        message_ids: Sequence[int],
        at: datetime,
        *,
        batch: str,
    ) -> TopicKey | None:
        """Link messages to a subject, made if new, which earns for each newly linked one.

        Returns:
            The subject's key, or None if the name has no letters or none of the messages is in that server.
        """
        raise NotImplementedError

    async def topic(self, topic_key: TopicKey) -> TopicView | None:
        """Return one topic, or None."""
        raise NotImplementedError

    async def top(
        self,
        *,
        limit: int = 20,
        category: TopicCategory | None = None,
        server_id: int | None = None,
    ) -> list[TopicView]:
        """Return the topics with the highest balances, highest first."""
        raise NotImplementedError

    async def entries(
        self, topic_key: TopicKey, *, limit: int = 50, before_id: int | None = None
    ) -> list[LedgerEntry]:
        """Return a topic's ledger rows, newest first."""
        raise NotImplementedError

    async def audit(self) -> list[Mismatch]:
        """Return every topic whose balance is not its ledger's sum: none, unless something is broken."""
        raise NotImplementedError
