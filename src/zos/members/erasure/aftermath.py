"""What follows from struck insights: what was made of them goes, and their topics are thought about again."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from zos.core.topics import TopicKey
from zos.members.reexamining.store import Struck
from zos.reflect.outbox.withdrawal.store import take_back
from zos.reflect.self_concept.store import withdraw

if TYPE_CHECKING:
    from zos.core.clock import Clock
    from zos.db.engine import Connection, Database
    from zos.salience.ledger import SalienceLedger


class Aftermath:
    """Follows up, in the transaction that struck the insights.

    Args:
        database: The store.
        ledger: Topics.
        clock: The time.
    """

    def __init__(self, database: Database, ledger: SalienceLedger, clock: Clock) -> None:
        self._database = database
        self._ledger = ledger
        self._clock = clock

    async def follow(
        self, connection: Connection, struck: Struck, *, erasure_id: str | None = None
    ) -> dict[str, int]:
        """Take back texts sent, and versions of the self-concept, that rested on it; return counts of all."""
        sent = await self.take_back(connection, struck.origins, erasure_id=erasure_id)
        versions = await withdraw(connection, struck.rewritten | struck.removed)
        await self._ledger.remind(connection, map(TopicKey.parse, struck.topics))
        return {
            "insights_deleted": len(struck.removed),
            "insights_rewritten": len(struck.rewritten),
            "insight_lines": struck.lines,
            **sent,
            "self_concept_versions": versions,
        }

    async def take_back(
        self,
        connection: Connection,
        origins: Collection[tuple[str, str]],
        *,
        erasure_id: str | None,
    ) -> dict[str, int]:
        """Take back what targets, given as (run, target), sent or are about to; return counts."""
        return await take_back(
            self._database, connection, origins, erasure_id=erasure_id, now=self._clock.now()
        )
