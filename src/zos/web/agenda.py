"""A month of slots: those that were, with what became of them, and those that are to come.

In: what is recorded, and the layers' jobs. Out: `Due`s, each with a moment, a state and a reason. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import groupby, islice, takewhile
from zoneinfo import ZoneInfo

from zos.reflect.layer import Layer
from zos.reflect.schedule import Schedule
from zos.reflect.states import RunStatus
from zos.views.jobs import Fire, JobStatus
from zos.views.slots import RecordedSlot
from zos.web.outcomes import gravity_of, tone_of
from zos.web.words import plural

MAX_COMING = 120
"""Coming slots of one layer that are worked out, at most."""
COMING, GOING_BY = "coming", "going-by"

_MOST_A_DAY = 4  # more than these are shown as one
_TONES = {COMING: "faint", GOING_BY: "faint hollow"}


@dataclass(frozen=True, slots=True)
class Due:
    """A slot of a layer, or several that are shown as one.

    Attributes:
        last: The last of several; else `at`.
        state: How it ended, or `coming`, or `going-by` for one that a pause covers.
        reason: Why.
        count: How many slots it stands for.
        run_id: The run that answers for it; None for one that is to come, and for a day of several.
    """

    layer: str
    at: datetime
    last: datetime
    state: str
    reason: str
    count: int = 1
    run_id: str | None = None

    @property
    def tone(self) -> str:
        """The classes of its mark."""
        return _TONES[self.state] if self.state in _TONES else tone_of(RunStatus(self.state))

    @property
    def is_past(self) -> bool:
        """Whether something became of it."""
        return self.state not in _TONES


def past(recorded: Iterable[RecordedSlot]) -> list[Due]:
    """Return what became of recorded slots, in their order."""
    return [
        Due(
            layer=one.layer,
            at=one.slot,
            last=one.slot_last or one.slot,
            state=one.status.value,
            reason=one.reason or _earned(one),
            count=one.slot_count,
            run_id=one.run_id,
        )
        for one in recorded
    ]


def coming(layer: Layer, job: JobStatus, until: datetime) -> list[Due]:
    """Return the slots of a layer from its next fire up to `until`, soonest first.

    There are `MAX_COMING` at most.
    """
    return [_coming(job, fire) for fire in islice(_fires(layer, job, until), MAX_COMING)]


def state_of(job: JobStatus) -> str:
    """Return how a layer stands, in one word."""
    if job.running is not None:
        return "running"
    if not job.enabled:
        return "disabled"
    return "active" if job.paused is None else "paused"


def is_paused_at(job: JobStatus, moment: datetime) -> bool:
    """Whether a layer's pause, as it stands, covers the coming `moment`."""
    return job.paused is not None and (job.paused.until is None or moment < job.paused.until)


def goes_by(job: JobStatus, fire: Fire) -> bool:
    """Whether a layer's pause, as it stands, covers one of its next fires."""
    return is_paused_at(job, fire.utc)


def first_fire(job: JobStatus) -> Fire | None:
    """Return the first of a layer's next fires that its pause, as it stands, does not cover."""
    return next((fire for fire in job.next_fires if not goes_by(job, fire)), None)


def by_day_if_many(slots: Sequence[Due], zone: ZoneInfo) -> list[Due]:
    """Return the slots of one layer as they are, or each local day as one if there are many a day."""
    in_order = sorted(slots, key=lambda one: one.at)
    days = [
        list(group) for _day, group in groupby(in_order, lambda one: one.at.astimezone(zone).date())
    ]
    if all(len(day) <= _MOST_A_DAY for day in days):
        return in_order
    parts = (list(part) for day in days for _past, part in groupby(day, lambda one: one.is_past))
    return [_as_one(part) for part in parts]


def _fires(layer: Layer, job: JobStatus, until: datetime) -> Iterator[datetime]:
    """The job knows the first ones already."""
    yield from (fire.utc for fire in job.next_fires if fire.utc <= until)
    if job.next_fires and layer.cron is not None:
        yield from _later(layer.cron, ZoneInfo(job.timezone), job.next_fires[-1].utc, until)


@lru_cache(maxsize=1_024)
def _later(
    cron: Schedule, zone: ZoneInfo, after: datetime, until: datetime
) -> tuple[datetime, ...]:
    """Return the fires between two moments: they are the same at every look within an hour or a day."""
    fires = takewhile(lambda fire: fire <= until, cron.fires_after(after, zone))
    return tuple(islice(fires, MAX_COMING))


def _coming(job: JobStatus, fire: datetime) -> Due:
    if is_paused_at(job, fire) and job.paused is not None:
        return Due(job.layer, fire, fire, GOING_BY, job.paused.words)
    return Due(job.layer, fire, fire, COMING, job.schedule_in_words or "")


def _as_one(part: Sequence[Due]) -> Due:
    counts: dict[str, int] = {}
    for one in part:
        counts[one.state] = counts.get(one.state, 0) + one.count
    commonest = sorted(counts, key=lambda state: -counts[state])
    said = ", ".join(f"{counts[state]:,} {state}" for state in commonest)
    total = sum(counts.values())
    reason = f"{plural(total, 'slot')}: {said}"
    gravest = min(counts, key=_gravity)
    return Due(part[0].layer, part[0].at, part[-1].last, gravest, reason, total)


def _gravity(state: str) -> int:
    return len(RunStatus) if state in _TONES else gravity_of(RunStatus(state))


def _earned(one: RecordedSlot) -> str:
    return plural(one.insights_created, "insight") if one.status is RunStatus.SUCCESS else ""
