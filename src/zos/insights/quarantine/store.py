"""Quarantine: the one way to record consent, so that it takes effect at once.

In: what members said, or that their roles changed. Out: insights out of sight, or back in sight, in
the very transaction that records it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, select, true, update

from zos.core.consent import ConsentView
from zos.db.sets import is_one_of
from zos.db.tables import insight, insight_member
from zos.insights.consented.store import only_consented
from zos.insights.model import InsightStatus

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.consent.store import ConsentRecord, ConsentStore
    from zos.db.engine import Database


@dataclass(frozen=True, slots=True)
class Settled:
    """What a change of consent did, in counts.

    Attributes:
        recorded: Members of whom something new was recorded.
        quarantined: Insights that are not shown any more.
        restored: Insights that are shown again.
    """

    recorded: int = 0
    quarantined: int = 0
    restored: int = 0


async def record_consents(
    database: Database,
    connection: AsyncConnection,
    consents: ConsentStore,
    records: Sequence[ConsentRecord],
) -> Settled:
    """Record what members said and settle the insights that they are in, in one write transaction.

    Of members who were erased nothing is recorded. So that none is erased meanwhile, the transaction
    has its turn among those that observe.
    """
    erased = await consents.erased(connection) if records else frozenset()
    records = [one for one in records if one.member_id not in erased]
    recorded = await consents.record_many(records, connection)
    if not recorded:
        return Settled()
    members = {one.member_id for one in records}
    settled = await settle(database, connection, await consents.view(connection), members)
    return Settled(recorded, settled.quarantined, settled.restored)


async def settle(
    database: Database,
    connection: AsyncConnection,
    consent: ConsentView,
    member_ids: Collection[int] | None = None,
) -> Settled:
    """Quarantine what has somebody without consent in it, and bring back what has not any more.

    Superseded insights, and those under review, stay what they are.

    Args:
        database: The store.
        connection: A write transaction.
        consent: Who may be thought about.
        member_ids: Only insights that are about, name or quote these; None: all.
    """
    touched = _touching(database, member_ids)
    shown = only_consented(database, consent)
    quarantined = await _move(
        connection, touched & ~shown, InsightStatus.ACTIVE, InsightStatus.QUARANTINED
    )
    restored = await _move(
        connection, touched & shown, InsightStatus.QUARANTINED, InsightStatus.ACTIVE
    )
    return Settled(quarantined=quarantined, restored=restored)


def _touching(database: Database, member_ids: Collection[int] | None) -> ColumnElement[bool]:
    if member_ids is None:
        return true()
    somebody = is_one_of(database, insight_member.c.member_id, member_ids)
    return insight.c.id.in_(select(insight_member.c.insight_id).where(somebody))


async def _move(
    connection: AsyncConnection,
    which: ColumnElement[bool],
    before: InsightStatus,
    after: InsightStatus,
) -> int:
    change = update(insight).where(which, insight.c.status == before.value)
    return (await connection.execute(change.values(status=after.value))).rowcount
