"""Withdrawing texts: their words go at once, and what was posted of them is deleted by the next deliveries.

What comes back into sight later is not sent late, nor once more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Row, case, delete, exists, literal, null, or_, select, update

from zos.db.tables import insight, insight_source, message, outbox, outbox_insight, outbox_member
from zos.db.tables.base import UtcDateTime
from zos.insights.model import InsightStatus
from zos.observe.messages.store import delete_messages, take_turn

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from zos.consent.store import ConsentStore
    from zos.db.engine import Database

WITHDRAWN = "withdrawn: what it says may not be shown any more"
UNDER_WAY = timedelta(minutes=2)
"""Longer than a delivery takes: an erasure's receipt waits until it is known whether anything stands there."""
HIDDEN = (InsightStatus.QUARANTINED.value, InsightStatus.REVIEW.value)

_IT_TELLS_OF = outbox_insight.c.text_id == outbox.c.id
_ITS_INSIGHT = _IT_TELLS_OF & (insight.c.id == outbox_insight.c.insight_id)
_IS_HIDDEN = exists().where(_ITS_INSIGHT, insight.c.status.in_(HIDDEN))
_IS_GONE = or_(
    exists().where(_IT_TELLS_OF, ~exists().where(insight.c.id == outbox_insight.c.insight_id)),
    ~exists().where(_IT_TELLS_OF),
)
# What was replaced meanwhile is not put under review when its messages go.
_LOST_A_MESSAGE = exists().where(
    _ITS_INSIGHT,
    insight.c.status == InsightStatus.SUPERSEDED.value,
    insight_source.c.insight_id == insight.c.id,
    insight_source.c.message_id.is_not(None),
    ~exists().where(message.c.id == insight_source.c.message_id),
)
_IN_FORCE = outbox.c.withdrawn_at.is_(None)
_WAITING = outbox.c.next_attempt_at.is_not(None) & _IN_FORCE
_SETTLED = outbox.c.erasure_id.is_not(None) & outbox.c.next_attempt_at.is_(None)
_STANDING = outbox.c.posted.is_not(None) & _IN_FORCE


async def withdraw_waiting(database: Database, now: datetime) -> int:
    """Withdraw texts that wait and whose insights may not be shown any more; return how many."""
    return await _withdraw_those(database, _WAITING & _IS_HIDDEN, now)


async def withdraw_standing(database: Database, consents: ConsentStore, now: datetime) -> int:
    """Withdraw texts that were posted and whose insights, messages or names may not be shown any more."""
    names_one_who_said_no = exists().where(
        outbox_member.c.text_id == outbox.c.id, consents.barred(outbox_member.c.member_id)
    )
    may_not_stand = or_(_IS_HIDDEN, _IS_GONE, _LOST_A_MESSAGE, names_one_who_said_no)
    return await _withdraw_those(database, _STANDING & may_not_stand, now)


async def withdraw(
    database: Database,
    connection: AsyncConnection,
    ids: Collection[str],
    now: datetime,
    *,
    erasure_id: str | None = None,
) -> None:
    """Withdraw texts within the caller's transaction; what was posted of them is due to be deleted.

    Here it is deleted at once: Zos hears what it writes like any other message.
    """
    which = select(outbox.c.posted).where(outbox.c.id.in_(ids), outbox.c.posted.is_not(None))
    heard = chain.from_iterable(await connection.scalars(which))
    await delete_messages(database, connection, dict.fromkeys(map(int, heard), now))
    change = update(outbox).where(outbox.c.id.in_(ids))
    at_once = (outbox.c.posted.is_not(None), literal(now, UtcDateTime()))
    values: dict[str, Any] = {
        "payload": {},
        "last_error": WITHDRAWN,
        "withdrawn_at": now,
        "attempts": 0,
        "next_attempt_at": case(at_once, else_=null()),
    }
    if erasure_id is not None:
        under_way = (outbox.c.next_attempt_at <= now, literal(now + UNDER_WAY, UtcDateTime()))
        values |= {
            "erasure_id": erasure_id,
            "next_attempt_at": case(at_once, under_way, else_=null()),
        }
    await connection.execute(change.values(values))
    await connection.execute(delete(outbox_member).where(outbox_member.c.text_id.in_(ids)))


async def _withdraw_those(database: Database, which: ColumnElement[bool], now: datetime) -> int:
    async with database.read() as connection:
        ids = list(await connection.scalars(select(outbox.c.id).where(which)))
    if ids:
        async with database.write() as connection:
            await take_turn(database, connection)
            await withdraw(database, connection, ids, now)
    return len(ids)


async def take_back(
    database: Database,
    connection: AsyncConnection,
    origins: Collection[tuple[str, str]],
    *,
    erasure_id: str | None,
    now: datetime,
) -> dict[str, int]:
    """Take back the texts of targets, given as (run, target): delete them, and have deleted what was posted.

    Args:
        database: The store.
        connection: A write transaction.
        origins: The targets.
        erasure_id: Whose receipt tells what becomes of what was posted, or is about to be; see `settled`.
        now: The time.

    Returns:
        How many there were, and how many of them are where Zos cannot delete.
    """
    counts = Counter[str]()
    for run_id, target_id in sorted(origins):
        its = (outbox.c.run_id == run_id) & outbox.c.dedup_key.startswith(f"{target_id}:")
        counts.update(await _take_back(database, connection, its, erasure_id, now))
    return counts


async def take_back_calling(
    database: Database,
    connection: AsyncConnection,
    member_id: int,
    *,
    erasure_id: str,
    now: datetime,
) -> dict[str, int]:
    """Take back the texts that call a member by name; see `take_back`."""
    calling = select(outbox_member.c.text_id).where(outbox_member.c.member_id == member_id)
    return await _take_back(database, connection, outbox.c.id.in_(calling), erasure_id, now)


async def _take_back(
    database: Database,
    connection: AsyncConnection,
    which: ColumnElement[bool],
    erasure_id: str | None,
    now: datetime,
) -> Counter[str]:
    is_new = which & outbox.c.erasure_id.is_(None)  # others are on their way already
    texts = (await connection.execute(select(outbox).where(is_new))).all()
    stay = [row.id for row in texts if row.posted is not None]
    if erasure_id is not None:
        stay += [row.id for row in texts if row.posted is None and _may_be_under_way(row, now)]
    gone = [row.id for row in texts if row.id not in stay]
    await connection.execute(delete(outbox).where(outbox.c.id.in_(gone)))
    await withdraw(database, connection, stay, now, erasure_id=erasure_id)
    return Counter(
        outgoing_texts=len(texts), outgoing_texts_out_of_reach=sum(map(_is_out_of_reach, texts))
    )


def _may_be_under_way(text: Row[Any], now: datetime) -> bool:
    return text.next_attempt_at is not None and text.next_attempt_at <= now


def _is_out_of_reach(text: Row[Any]) -> bool:
    was_sent = text.delivered_at is not None and not _was_taken_back(text)
    return was_sent and text.posted is None


def _was_taken_back(text: Row[Any]) -> bool:
    """Return whether what was posted was deleted: of what is withdrawn, attempts are those to do so."""
    return text.withdrawn_at is not None and text.posted is None and text.attempts > 0


async def are_settled(connection: AsyncConnection) -> bool:
    """Return whether `settled` would find any."""
    return (await connection.scalar(select(outbox.c.id).where(_SETTLED).limit(1))) is not None


async def settled(connection: AsyncConnection) -> Mapping[str, Mapping[str, int]]:
    """Delete the rows of texts that erasures took back and that are dealt with; return counts by erasure.

    Of what never left there is none.
    """
    counts = defaultdict[str, Counter[str]](Counter)
    for row in await connection.execute(delete(outbox).where(_SETTLED).returning(*outbox.c)):
        counts[row.erasure_id] += Counter(
            outgoing_texts_taken_back=int(_was_taken_back(row)),
            outgoing_texts_left=int(row.posted is not None),
            outgoing_texts_out_of_reach=int(_is_out_of_reach(row)),
        )
    return counts
