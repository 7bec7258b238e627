"""Conditions on `insight` that everybody in it may be thought about.

In: a view of consent, or a condition on one member. Out: SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, exists, true

from zos.core.consent import ConsentMode, ConsentView
from zos.db.sets import is_one_of
from zos.db.tables import insight, insight_member

if TYPE_CHECKING:
    from zos.db.engine import Database


def only_consented(database: Database, consent: ConsentView) -> ColumnElement[bool]:
    """Return the condition on `insight` that nobody is in it who may not be thought about.

    Its cost grows with the view: some 25 ms for 50,000 members on SQLite. Where the insights are
    few, `narrowed` to their members it costs nothing.
    """
    members = insight_member.c.member_id
    if consent.mode is ConsentMode.OPT_OUT:
        if not consent.denied:
            return true()
        barred = is_one_of(database, members, consent.denied)
    else:
        barred = ~is_one_of(database, members, consent.granted - consent.denied)
    return ~exists().where(insight_member.c.insight_id == insight.c.id, barred)


def without(barred: Callable[[ColumnElement[int]], ColumnElement[bool]]) -> ColumnElement[bool]:
    """Return the condition on `insight` that nobody is in it who is barred: it looks up these members only."""
    members = insight_member.c.member_id
    return ~exists().where(insight_member.c.insight_id == insight.c.id, barred(members))


def narrowed(consent: ConsentView, member_ids: Iterable[int]) -> ConsentView:
    """Return the same view as far as `member_ids` are concerned: all others have said nothing."""
    some = frozenset(member_ids)
    return ConsentView(consent.mode, some & consent.granted, some & consent.denied)
