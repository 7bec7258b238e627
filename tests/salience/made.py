"""Activities, consents and small configurations for the tests of salience."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from zos.config import Config
from zos.core.consent import ConsentMode, ConsentView
from zos.db.tables import MICRO
from zos.salience.earning import Activity, ActivityKind

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SERVER = 10
CHANNEL = 100
ANN, BEN, CAT, BOT = 1, 2, 3, 9
EVERYBODY = ConsentView(ConsentMode.OPT_OUT, frozenset(), frozenset())


def consenting(*members: int) -> ConsentView:
    """Only `members` have consented."""
    return ConsentView(ConsentMode.OPT_IN, frozenset(members), frozenset())


def micro(points: float) -> int:
    """Return points in micro-salience."""
    return round(points * MICRO)


def after(**passed: float) -> datetime:
    """Return a moment so long after `START`."""
    return START + timedelta(**passed)


def said(author: int, *, at: datetime = START, id: int = 1, **facts: Any) -> Activity:  # noqa: A002
    """A message."""
    return _activity(ActivityKind.MESSAGE, author, at, id, facts)


def reacted(author: int, to: int | None, *, at: datetime = START, **facts: Any) -> Activity:
    """A reaction to a message by `to`."""
    facts = {"target_author_id": to, **facts}
    return _activity(ActivityKind.REACTION, author, at, facts.pop("id", 1), facts)


def opened(author: int, *, at: datetime = START, **facts: Any) -> Activity:
    """A thread created."""
    facts = {"is_thread": True, "channel_id": 110, "parent_id": CHANNEL, **facts}
    return _activity(ActivityKind.THREAD_CREATED, author, at, 110, facts)


def _activity(
    kind: ActivityKind,
    author: int,
    at: datetime,
    id: int,  # noqa: A002
    facts: dict[str, Any],
) -> Activity:
    place = {"server_id": SERVER, "channel_id": CHANNEL}
    return Activity(kind=kind, id=id, at=at, author_id=author, **{**place, **facts})


def with_salience(**knobs: Any) -> Config:
    """Return a configuration with these salience knobs and no database of its own."""
    return Config.model_validate({"salience": knobs})
