"""What follows from struck insights: what was made of them goes, and their topics are thought about again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zos.core.topics import TopicKey
from zos.members.erasure import store
from zos.members.reexamining.store import Struck
from zos.reflect.self_concept.store import withdraw

if TYPE_CHECKING:
    from zos.db.engine import Connection
    from zos.salience.ledger import SalienceLedger


class Aftermath:
    """Follows up, in the transaction that struck the insights.

    Args:
        ledger: Topics.
    """

    def __init__(self, ledger: SalienceLedger) -> None:
        self._ledger = ledger

    async def follow(self, connection: Connection, struck: Struck) -> dict[str, int]:
        """Delete texts sent, and versions of the self-concept, that rested on it; return counts of all."""
        sent = await store.delete_outgoing(connection, struck.origins)
        versions = await withdraw(connection, struck.rewritten | struck.removed)
        await self._ledger.remind(connection, map(TopicKey.parse, struck.topics))
        return {
            "insights_deleted": len(struck.removed),
            "insights_rewritten": len(struck.rewritten),
            "insight_lines": struck.lines,
            "outgoing_texts": sent,
            "self_concept_versions": versions,
        }
