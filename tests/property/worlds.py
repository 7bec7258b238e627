"""Small worlds for hypothesis: few members, places and days, so that everything meets everything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from zos.core.consent import ConsentMode, ConsentView
from zos.salience.earning import Activity, ActivityKind

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PEOPLE = (1, 2, 3, 4)
BOT = 9
PLACES: tuple[dict[str, Any], ...] = (
    {"server_id": 10, "channel_id": 100},
    {"server_id": 10, "channel_id": 101},
    {"server_id": 10, "channel_id": 110, "is_thread": True, "parent_id": 100},
    {"server_id": 20, "channel_id": 200},
    {"server_id": None, "channel_id": 300},
)
# Low caps and a short rest, so that a handful of events fills, warms, cools and decays topics.
SALIENCE: dict[str, Any] = {
    "caps": {
        "user": 4.0,
        "user_global": 5.5,
        "channel": 6.0,
        "thread": 3.0,
        "dyad": 2.5,
        "dyad_global": 3.3,
        "user_in_channel": 2.2,
        "dyad_in_channel": 1.7,
        "emoji": 1.2,
        "role": 2.5,
    },
    "decay_after_days": 2,
    "decay_per_day": 0.07,
}
OBSERVE: dict[str, Any] = {"role_topics": [70], "focus": {20: 0.5}}

_gaps = st.sampled_from(
    [timedelta(), timedelta(seconds=1), timedelta(hours=7), timedelta(days=1), timedelta(days=4)]
)
_anyone = st.sampled_from((*PEOPLE, BOT))


@st.composite
def _activities(draw: st.DrawFn, id: int, at: datetime) -> Activity:  # noqa: A002
    kind = draw(st.sampled_from([ActivityKind.MESSAGE] * 5 + list(ActivityKind)))
    facts: dict[str, Any] = dict(draw(st.sampled_from(PLACES)))
    if kind is ActivityKind.MESSAGE:
        facts["reply_to_author_id"] = draw(st.none() | _anyone)
        facts["mention_ids"] = tuple(draw(st.lists(_anyone, max_size=2)))
        facts["has_media"] = draw(st.booleans())
        facts["emoji_ids"] = tuple(draw(st.lists(st.just(50), max_size=1)))
        facts["role_ids"] = tuple(draw(st.lists(st.sampled_from([70, 71]), max_size=2)))
    elif kind is ActivityKind.REACTION:
        facts["target_author_id"] = draw(st.none() | _anyone)
        facts["count"] = draw(st.sampled_from([1, 1, 3]))
        facts["emoji_ids"] = tuple(draw(st.lists(st.just(50), max_size=1)))
    author = draw(st.sampled_from((*PEOPLE, BOT, 0)))
    return Activity(kind, id, at, author_id=author, author_is_bot=author == BOT, **facts)


@st.composite
def histories(draw: st.DrawFn, max_size: int = 24) -> list[Activity]:
    """A community's events in order."""
    at = START
    found = []
    for id_ in range(1, draw(st.integers(1, max_size)) + 1):
        at += draw(_gaps)
        found.append(draw(_activities(id_, at)))
    return found


@st.composite
def consents(draw: st.DrawFn) -> ConsentView:
    """Some members have consented, or all have."""
    mode = draw(st.sampled_from([ConsentMode.OPT_IN, ConsentMode.OPT_OUT]))
    granted = draw(st.frozensets(st.sampled_from(PEOPLE)))
    return ConsentView(mode, granted, frozenset(draw(st.sets(st.sampled_from(PEOPLE), max_size=1))))


@st.composite
def cuts(draw: st.DrawFn, length: int) -> list[slice]:
    """A way to cut a list of `length` into successive batches."""
    inner = draw(st.sets(st.integers(1, length - 1))) if length > 1 else set()
    edges = [0, *sorted(inner), length]
    return [slice(start, end) for start, end in pairwise(edges)]
